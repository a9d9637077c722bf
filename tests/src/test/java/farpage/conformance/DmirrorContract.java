package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.dmirror.DmirrorReply;
import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// The commands of the test driver one by one.
abstract class DmirrorContract extends EmulatorScene {
    // The checks that every command begins with.

    private List<DmirrorCommand> allCommands(long address, long pageCount) {
        MemorySegment buffer = buffer(1);
        return List.of(
                new DmirrorCommand.Read(address, pageCount, buffer),
                new DmirrorCommand.ReadUnlocked(address, pageCount, buffer),
                new DmirrorCommand.Write(address, pageCount, buffer),
                new DmirrorCommand.MigrateToDevice(address, pageCount, buffer),
                new DmirrorCommand.MigrateToSystem(address, pageCount),
                new DmirrorCommand.Snapshot(address, pageCount, buffer),
                new DmirrorCommand.Exclusive(address, pageCount, buffer),
                new DmirrorCommand.CheckExclusive(address, pageCount),
                new DmirrorCommand.Flags(address, pageCount),
                new DmirrorCommand.Release(address, pageCount));
    }

    private void assertAllRefuse(long address, long pageCount) {
        for (DmirrorCommand command : allCommands(address, pageCount)) {
            assertEquals(failure(Errno.EINVAL), device0.execute(command), () -> command.toString());
        }
    }

    @Test
    @Tag("T-6.1")
    void unalignedAddressIsInvalid() {
        assertAllRefuse(map(1) + 8, 1);
    }

    @Test
    @Tag("T-6.1")
    void emptyRangeIsInvalid() {
        assertAllRefuse(map(1), 0);
    }

    @Test
    @Tag("T-6.1")
    @Tag("T-6.2")
    void rangeThatWrapsIsInvalid() {
        assertAllRefuse(map(1), PageSize.pageNumber(-1L));
        assertAllRefuse(0x1000, 1L << 52);
        assertAllRefuse(-PAGE, 1);
    }

    /// The driver multiplies by the size of a page before it looks.
    @Test
    void highestBitsOfACountAreLost() {
        long address = map(1);
        cpuWrites(address, pattern(1, 39));
        MemorySegment read = buffer(1);
        long count = (1L << 52) + 1;
        assertEquals(success(1, 1), device0.execute(new DmirrorCommand.Read(address, count, read)));
        assertBytes(pattern(1, 39), read);
        assertEquals(
                success(1, 0),
                device0.execute(new DmirrorCommand.MigrateToDevice(address, count, read)));
    }

    @Test
    void buffersOnTheHeapAreRefused() {
        MemorySegment heap = MemorySegment.ofArray(new byte[PAGE]);
        assertThrows(
                IllegalArgumentException.class, () -> new DmirrorCommand.Read(0x1000, 1, heap));
    }

    @Test
    void closedFileTakesNoCommands() {
        device0.close();
        assertThrows(
                IllegalStateException.class,
                () -> device0.execute(new DmirrorCommand.MigrateToSystem(map(1), 1)));
    }

    // READ.

    @Test
    @Tag("T-6.4")
    void deviceReadsWhatTheCpuWrote() {
        long address = map(40);
        MemorySegment data = pattern(40, 1);
        cpuWrites(address, data);
        assertDeviceReads(device0, address, data, 1);
        assertDeviceReads(device0, address, data, 0);
    }

    @Test
    void readThatMayWaitReadsAndCountsLikeTheOther() {
        long address = map(40);
        MemorySegment data = pattern(40, 1);
        cpuWrites(address, data);
        assertEquals(1, device1.migrateToDevice(address, 1).movedPages());
        assertEquals(1, device0.migrateToDevice(page(address, 1), 1).movedPages());
        MemorySegment read = buffer(40);
        DmirrorCommand command = new DmirrorCommand.ReadUnlocked(address, 40, read);
        assertEquals(DmirrorReply.ok(40, 1), device0.execute(command));
        assertEquals(-1, data.mismatch(read));
        assertEquals(DmirrorReply.ok(40, 0), device0.execute(command));
        process.munmap(page(address, 39), PAGE);
        assertEquals(failure(Errno.EFAULT), device0.execute(command));
    }

    @Test
    void readOfUntouchedMemoryGivesZeros() {
        long address = map(3);
        assertDeviceReads(device0, address, buffer(3), 1);
        assertEquals("11 11 11", snapshot(device0, address, 3));
    }

    @Test
    void readOfAPageThatCpuChangedSeesTheNewBytes() {
        long address = map(1);
        assertDeviceReads(device0, address, buffer(1), 1);
        MemorySegment data = pattern(1, 2);
        cpuWrites(address, data);
        assertDeviceReads(device0, address, data, 1);
    }

    @Test
    void readWithoutMappingFails() {
        long address = map(2);
        process.munmap(page(address, 1), PAGE);
        DmirrorCommand read = new DmirrorCommand.Read(address, 2, buffer(2));
        assertEquals(failure(Errno.EFAULT), device0.execute(read));
    }

    @Test
    void readWithoutPermissionFails() {
        long address = map(2);
        process.mprotect(address, PAGE, 0);
        DmirrorCommand read = new DmirrorCommand.Read(address, 2, buffer(2));
        assertEquals(failure(Errno.EFAULT), device0.execute(read));
    }

    @Test
    void readBeyondTheSpaceFails() {
        DmirrorCommand read = new DmirrorCommand.Read(1L << 48, 1, buffer(1));
        assertEquals(failure(Errno.EFAULT), device0.execute(read));
        DmirrorCommand upperHalf = new DmirrorCommand.Read(-2L * PAGE, 1, buffer(1));
        assertEquals(failure(Errno.EFAULT), device0.execute(upperHalf));
    }

    @Test
    void bufferThatIsTooSmallFails() {
        long address = map(2);
        assertEquals(
                failure(Errno.EFAULT),
                device0.execute(new DmirrorCommand.Read(address, 2, buffer(1))));
        assertEquals(
                failure(Errno.EFAULT),
                device0.execute(new DmirrorCommand.Write(address, 2, buffer(1))));
        assertEquals(
                failure(Errno.EFAULT),
                device0.execute(new DmirrorCommand.MigrateToDevice(address, 2, buffer(1))));
        assertEquals(2, pagesOn(0));
        assertEquals(
                failure(Errno.EFAULT),
                device0.execute(new DmirrorCommand.Snapshot(address, 2, buffer(1).asSlice(0, 1))));
    }

    @Test
    void commandsForAnExitedProcessFail() {
        long address = map(1);
        assertDeviceReads(device0, address, buffer(1), 1);
        process.exit();
        DmirrorCommand read = new DmirrorCommand.Read(address, 1, buffer(1));
        assertEquals(failure(Errno.EFAULT), device0.execute(read));
        assertEquals(failure(Errno.EINVAL), migrateToDevice(device0, address, 1));
        assertEquals(failure(Errno.EINVAL), migrateToSystem(device0, address, 1));
        DmirrorCommand snapshot = new DmirrorCommand.Snapshot(address, 1, buffer(1));
        assertEquals(failure(Errno.EINVAL), device0.execute(snapshot));
        assertThrows(IllegalArgumentException.class, () -> emulator.device(0).open(process));
    }

    // WRITE.

    @Test
    void cpuReadsWhatTheDeviceWrote() {
        long address = map(40);
        MemorySegment data = pattern(40, 3);
        assertDeviceWrites(device0, address, data, 1);
        assertCpuReads(address, data);
        assertDeviceWrites(device0, address, pattern(40, 4), 0);
        assertCpuReads(address, pattern(40, 4));
    }

    @Test
    @Tag("T-6.5")
    void writeAfterReadFaultsOnceMore() {
        long address = map(4);
        cpuWrites(address, pattern(4, 5));
        process.mprotect(address, 4 * PAGE, VmFlags.READ);
        assertDeviceReads(device0, address, pattern(4, 5), 1);
        process.mprotect(address, 4 * PAGE, READ_WRITE);
        assertDeviceReads(device0, address, pattern(4, 5), 1);
        assertDeviceWrites(device0, address, pattern(4, 6), 0);
        Mm child = process.fork();
        assertDeviceReads(device0, address, pattern(4, 6), 1);
        assertDeviceWrites(device0, address, pattern(4, 7), 1);
        assertCpuReads(new CpuAccess(child), address, pattern(4, 6));
    }

    @Test
    void writeToReadOnlyMemoryIsNotPermitted() {
        long address = map(2);
        process.mprotect(page(address, 1), PAGE, VmFlags.READ);
        DmirrorCommand write = new DmirrorCommand.Write(address, 2, pattern(2, 1));
        assertEquals(failure(Errno.EPERM), device0.execute(write));
    }

    @Test
    void writeWithoutMappingFails() {
        long address = map(1);
        process.munmap(address, PAGE);
        DmirrorCommand write = new DmirrorCommand.Write(address, 1, pattern(1, 1));
        assertEquals(failure(Errno.EFAULT), device0.execute(write));
    }

    // MIGRATE_TO_DEV.

    @Test
    void migratedPagesAreReadOnTheDeviceAndFaultBack() {
        long address = map(64);
        MemorySegment data = pattern(64, 8);
        cpuWrites(address, data);
        MemorySegment back = buffer(64);
        assertEquals(
                success(64, 0),
                device0.execute(new DmirrorCommand.MigrateToDevice(address, 64, back)));
        assertBytes(data, back);
        assertEquals(64, pagesOn(0));
        assertEquals("22 22", snapshot(device0, address, 2));
        assertEquals("00 00", snapshot(device1, address, 2));
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
        assertEquals(0, pagesOn(0));
        assertEquals(allocated(0), freed(0));
        assertEquals(64, cpu.faultCount() - 64);
    }

    @Test
    void deviceWritesItsOwnPages() {
        long address = map(16);
        cpuWrites(address, pattern(16, 1));
        assertMigrates(device0, address, 16);
        MemorySegment data = pattern(16, 9);
        assertDeviceWrites(device0, address, data, 0);
        assertEquals(16, pagesOn(0));
        assertCpuReads(address, data);
    }

    @Test
    void pagesAlreadyThereCountAsMigrated() {
        long address = map(8);
        cpuWrites(address, pattern(8, 1));
        assertMigrates(device0, page(address, 2), 4);
        assertMigrates(device0, address, 8);
        assertEquals(8, allocated(0));
        assertDeviceReads(device0, address, pattern(8, 1), 0);
    }

    @Test
    @Tag("T-6.11")
    void holesMigrateAsZerosThatTheDeviceMayOnlyRead() {
        long address = map(4);
        assertMigrates(device0, address, 4);
        assertDeviceReads(device0, address, buffer(4), 0);
        assertEquals(4, pagesOn(0));
        MemorySegment data = pattern(4, 10);
        assertDeviceWrites(device0, address, data, 1);
        assertEquals(4, pagesOn(0));
        assertEquals("22 22 22 22", snapshot(device0, address, 4));
        assertCpuReads(address, data);
    }

    @Test
    void zeroPageMigratesAsZeros() {
        long address = map(2);
        assertCpuReads(address, buffer(2));
        assertMigrates(device0, address, 2);
        assertCpuReads(address, buffer(2));
        assertEquals(2, freed(0));
    }

    @Test
    void deviceMemoryUsedBeforeIsClearedForHoles() {
        long address = map(8);
        cpuWrites(address, pattern(8, 11));
        assertMigrates(device0, address, 8);
        assertCpuReads(address, pattern(8, 11));
        long fresh = map(8);
        assertMigrates(device0, fresh, 8);
        assertCpuReads(fresh, buffer(8));
    }

    @Test
    void migrationNeedsAReadableMapping() {
        long address = map(3);
        process.munmap(page(address, 1), PAGE);
        process.mprotect(page(address, 2), PAGE, 0);
        assertEquals(failure(Errno.EINVAL), migrateToDevice(device0, page(address, 1), 1));
        assertEquals(failure(Errno.EINVAL), migrateToDevice(device0, page(address, 2), 1));
        assertEquals(failure(Errno.EINVAL), migrateToSystem(device0, page(address, 1), 1));
        assertEquals(failure(Errno.EINVAL), migrateToDevice(device0, 1L << 50, 1));
        assertEquals(failure(Errno.EINVAL), migrateToDevice(device0, -2L * PAGE, 1));
        assertEquals(failure(Errno.EINVAL), migrateToSystem(device0, -2L * PAGE, 1));
    }

    @Test
    @Tag("T-6.13")
    void whatCameBeforeAHoleInTheMappingsStaysMigrated() {
        long address = map(6);
        cpuWrites(address, pattern(6, 12));
        process.munmap(page(address, 3), PAGE);
        assertEquals(failure(Errno.EINVAL), migrateToDevice(device0, address, 6));
        assertEquals(3, pagesOn(0));
        assertDeviceReads(device0, address, pattern(6, 12).asSlice(0, 3 * PAGE), 0);
        assertEquals(failure(Errno.EINVAL), migrateToSystem(device0, address, 6));
        assertEquals(0, pagesOn(0));
    }

    @Test
    void rangeThatEndsFarBeyondTheSpaceMigratesItsBeginning() {
        long address = map(2);
        cpuWrites(address, pattern(2, 12));
        assertEquals(failure(Errno.EINVAL), migrateToDevice(device0, address, 1L << 51, 2));
        assertEquals(2, pagesOn(0));
        assertEquals(failure(Errno.EINVAL), migrateToSystem(device0, address, 1L << 51));
        assertEquals(0, pagesOn(0));
    }

    private DmirrorReply migrateToDevice(
            Dmirror device, long address, long pageCount, int bufferPages) {
        return device.execute(
                new DmirrorCommand.MigrateToDevice(address, pageCount, buffer(bufferPages)));
    }

    @Test
    void pagesOnAnotherDeviceStayThere() {
        long address = map(4);
        cpuWrites(address, pattern(4, 13));
        assertMigrates(device1, page(address, 1), 2);
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, 4));
        assertEquals(2, pagesOn(0));
        assertEquals(2, pagesOn(1));
        assertEquals("22 00 00 22", snapshot(device0, address, 4));
        assertEquals("00 22 22 00", snapshot(device1, address, 4));
        assertDeviceReads(device0, address, pattern(4, 13), 1);
        assertEquals(0, pagesOn(1));
    }

    @Test
    void aMirroredPageThatCanNotMoveCountsAsMigrated() {
        long address = map(1);
        cpuWrites(address, pattern(1, 14));
        assertDeviceReads(device0, address, pattern(1, 14), 1);
        holdingTheOnlyPage(
                address,
                () -> {
                    assertMigrates(device0, address, 1);
                    assertEquals(0, pagesOn(0));
                    assertEquals(failure(Errno.ENOENT), migrateToDevice(device1, address, 1));
                });
        assertMigrates(device1, address, 1);
    }

    /// Takes a reference that no migration can account for.
    private void holdingTheOnlyPage(long address, Runnable meanwhile) {
        long offset = cpu.begin(address, false);
        long page = Page.ofPfn(offset / PAGE);
        cpu.end();
        emulator.machine().folios().get(page);
        meanwhile.run();
        emulator.machine().put(page);
    }

    @Test
    void rangeOverSeveralBatchesAndMappingsMigratesWhole() {
        int pageCount = 4096 + 2000;
        long address = map(pageCount);
        MemorySegment data = pattern(pageCount, 15);
        cpuWrites(address, data);
        process.mprotect(page(address, 5000), 10 * PAGE, VmFlags.READ);
        assertMigrates(device0, address, pageCount);
        assertEquals(pageCount, pagesOn(0));
        assertEquals("22 21", snapshot(device0, page(address, 4999), 2));
        assertDeviceReads(device0, address, data, 0);
        assertEquals(success(pageCount, 0), migrateToSystem(device0, address, pageCount));
        assertCpuReads(address, data);
    }

    // MIGRATE_TO_SYS.

    @Test
    @Tag("T-6.10")
    void migrateToSystemCountsWhatMoved() {
        long address = map(8);
        cpuWrites(address, pattern(8, 16));
        assertEquals(success(0, 0), migrateToSystem(device0, address, 8));
        assertMigrates(device0, page(address, 3), 2);
        assertEquals(success(0, 0), migrateToSystem(device1, address, 8));
        assertEquals(success(2, 0), migrateToSystem(device0, address, 8));
        assertEquals(success(0, 0), migrateToSystem(device0, address, 8));
        assertCpuReads(address, pattern(8, 16));
        assertEquals(2, freed(0));
    }

    @Test
    void migrateToSystemKeepsEntriesOfPagesThatWereNotOnTheDevice() {
        long address = map(4);
        cpuWrites(address, pattern(4, 17));
        assertDeviceReads(device0, address, pattern(4, 17), 1);
        assertMigrates(device0, page(address, 1), 1);
        assertEquals(success(1, 0), migrateToSystem(device0, address, 4));
        assertDeviceReads(device0, address, pattern(1, 17), 0);
        assertDeviceReads(device0, address, pattern(4, 17), 1);
    }

    // SNAPSHOT.

    @Test
    void snapshotTellsEveryKindOfPage() {
        long address = map(8);
        cpuWrites(address, pattern(4, 18));
        process.mprotect(page(address, 1), PAGE, VmFlags.READ);
        assertCpuReads(page(address, 4), buffer(1));
        process.mprotect(page(address, 6), PAGE, 0);
        process.munmap(page(address, 7), PAGE);
        assertMigrates(device0, page(address, 2), 1);
        assertMigrates(device1, page(address, 3), 1);
        assertEquals("02 01 22 00 11 00 ff ff", snapshot(device0, address, 8));
        assertEquals("02 01 00 22 11 00 ff ff", snapshot(device1, address, 8));
    }

    @Test
    void snapshotFaultsNothing() {
        long address = map(70);
        assertEquals("00 ".repeat(70).strip(), snapshot(device0, address, 70));
        assertEquals(0, process.anonymousPageCount());
    }

    // The table of the device and the notifier.

    @Test
    void invalidationDropsExactlyItsRange() {
        long address = map(4);
        cpuWrites(address, pattern(4, 19));
        assertDeviceReads(device0, address, pattern(4, 19), 1);
        process.mprotect(page(address, 1), PAGE, VmFlags.READ);
        assertDeviceReads(device0, page(address, 2), pattern(4, 19).asSlice(2 * PAGE), 0);
        assertDeviceReads(device0, address, pattern(4, 19).asSlice(0, PAGE), 0);
        assertDeviceReads(device0, address, pattern(4, 19), 1);
    }

    @Test
    @Tag("T-6.14")
    void ownPageDroppedFromTheTableIsReadFromDeviceMemory() {
        long address = map(6);
        cpuWrites(address, pattern(6, 20));
        assertMigrates(device0, page(address, 1), 4);
        assertDeviceWrites(device0, page(address, 1), pattern(4, 21), 0);
        process.mprotect(address, 6 * PAGE, VmFlags.READ);
        MemorySegment expected = pattern(6, 20);
        expected.asSlice(PAGE, 4 * PAGE).copyFrom(pattern(4, 21));
        assertDeviceReads(device0, address, expected, 1);
        assertEquals(4, pagesOn(0));
    }

    @Test
    void writeToAnOwnPageOfReadTypeFails() {
        long address = map(1);
        cpuWrites(address, pattern(1, 22));
        assertMigrates(device0, address, 1);
        process.mprotect(address, PAGE, VmFlags.READ);
        process.mprotect(address, PAGE, READ_WRITE);
        DmirrorCommand write = new DmirrorCommand.Write(address, 1, pattern(1, 23));
        assertEquals(failure(Errno.EFAULT), device0.execute(write));
        assertCpuReads(address, pattern(1, 22));
        assertDeviceWrites(device0, address, pattern(1, 23), 1);
    }

    @Test
    void cpuFaultCorrectsOnlyItsOwnPage() {
        long address = map(3);
        cpuWrites(address, pattern(3, 24));
        assertMigrates(device0, address, 3);
        assertCpuReads(page(address, 1), pattern(3, 24).asSlice(PAGE, PAGE));
        assertEquals(2, pagesOn(0));
        assertDeviceReads(device0, address, pattern(1, 24), 0);
        assertDeviceReads(device0, page(address, 2), pattern(3, 24).asSlice(2 * PAGE), 0);
        assertDeviceReads(device0, address, pattern(3, 24), 1);
        assertEquals(2, pagesOn(0));
    }

    @Test
    void unmapFreesPagesOnTheDevice() {
        long address = map(5);
        cpuWrites(address, pattern(5, 25));
        assertMigrates(device0, address, 5);
        assertEquals(Errno.OK, process.munmap(address, 2 * PAGE));
        assertEquals(3, pagesOn(0));
        process.exit();
        assertEquals(0, pagesOn(0));
        assertEquals(allocated(0), freed(0));
    }

    // Several files, processes and devices.

    @Test
    @Tag("T-6.9")
    void secondFileOfTheSameDeviceHasATableOfItsOwn() {
        long address = map(4);
        cpuWrites(address, pattern(4, 26));
        try (Dmirror second = emulator.device(0).open(process)) {
            assertDeviceReads(device0, address, pattern(4, 26), 1);
            assertDeviceReads(second, address, pattern(4, 26), 1);
            assertMigrates(second, address, 4);
            assertDeviceReads(device0, address, pattern(4, 26), 1);
            assertDeviceWrites(device0, address, pattern(4, 27), 0);
            assertDeviceReads(second, address, pattern(4, 27), 0);
            assertCpuReads(address, pattern(4, 27));
            assertDeviceReads(second, address, pattern(4, 27), 1);
        }
    }

    @Test
    @Tag("T-6.9")
    void childReadsItsParentsPageThroughAFileOfItsOwn() {
        long address = map(2);
        cpuWrites(address, pattern(2, 28));
        assertMigrates(device0, address, 2);
        Mm child = process.fork();
        CpuAccess childCpu = new CpuAccess(child);
        try (Dmirror childDevice = emulator.device(0).open(child)) {
            assertDeviceReads(childDevice, address, pattern(2, 28), 1);
            assertEquals(2, pagesOn(0));
            assertEquals(FaultResult.HANDLED, childCpu.write(address, pattern(1, 29)));
            assertDeviceReads(childDevice, address, pattern(1, 29), 1);
            assertDeviceReads(device0, address, pattern(2, 28), 1);
            assertCpuReads(address, pattern(2, 28));
        }
        child.exit();
    }

    @Test
    void closedFileMovesThePagesOfTheDeviceBack() {
        long address = map(2);
        cpuWrites(address, pattern(2, 30));
        assertMigrates(device0, address, 2);
        device0.close();
        assertEquals(0, pagesOn(0));
        assertCpuReads(address, pattern(2, 30));
    }

    @Test
    void secondDeviceReadsWhatTheFirstWrote() {
        long address = map(8);
        cpuWrites(address, pattern(8, 31));
        assertMigrates(device0, address, 8);
        assertDeviceWrites(device0, address, pattern(8, 32), 0);
        assertDeviceReads(device1, address, pattern(8, 32), 1);
        assertEquals(0, pagesOn(0));
        assertDeviceWrites(device1, address, pattern(8, 33), 0);
        assertMigrates(device1, address, 8);
        assertDeviceReads(device0, address, pattern(8, 33), 1);
        assertEquals(0, pagesOn(1));
    }

    // RELEASE.

    @Test
    @Tag("T-6.7")
    void releaseBringsThePagesOfEveryProcessBack() {
        long address = map(2048);
        MemorySegment data = pattern(2048, 34);
        cpuWrites(address, data);
        assertMigrates(device0, address, 2048);
        Mm child = process.fork();
        long chunks = emulator.device(0).memory().statistics().chunkCount();
        assertTrue(chunks >= 2, () -> "chunks: " + chunks);
        assertEquals(success(0, 0), device1.execute(new DmirrorCommand.Release(address, 1)));
        assertEquals(2048, pagesOn(0));
        assertEquals(success(0, 0), device0.execute(new DmirrorCommand.Release(address, 1)));
        assertEquals(0, emulator.device(0).memory().statistics().chunkCount());
        assertEquals(0, allocated(0));
        assertEquals("01", snapshot(device0, address, 1));
        assertCpuReads(address, data);
        assertCpuReads(new CpuAccess(child), address, data);
        assertMigrates(device0, address, 2);
        assertEquals(1, emulator.device(0).memory().statistics().chunkCount());
    }

    @Test
    @Tag("T-6.6")
    void memoryGrowsByAChunkAtATimeAndIsAllGivenUp() {
        int chunkPages = 1024;
        long address = map(2 * chunkPages + 1);
        MemorySegment data = pattern(2L * chunkPages + 1, 36);
        cpuWrites(address, data);
        assertMigrates(device0, address, chunkPages);
        assertChunks(1, 0);
        assertMigrates(device0, page(address, chunkPages), 1);
        assertChunks(2, chunkPages - 1);
        assertMigrates(device0, page(address, chunkPages + 1), chunkPages - 1);
        assertChunks(2, 0);
        assertMigrates(device0, page(address, 2L * chunkPages), 1);
        assertChunks(3, chunkPages - 1);
        process.munmap(address, (long) chunkPages * PAGE);
        assertChunks(3, 2L * chunkPages - 1);
        assertEquals(success(0, 0), device0.execute(new DmirrorCommand.Release(address, 1)));
        assertChunks(0, 0);
        long rest = page(address, chunkPages);
        assertCpuReads(rest, data.asSlice((long) chunkPages * PAGE));
    }

    private void assertChunks(int count, long freePages) {
        assertEquals(count, emulator.device(0).memory().statistics().chunkCount());
        assertEquals(freePages, emulator.device(0).memory().statistics().freePages());
    }

    @Test
    @Tag("T-6.12")
    void pagesHandedOutLessPagesTakenBackAreInUse() {
        long address = map(64);
        cpuWrites(address, pattern(64, 37));
        assertInUse(0);
        assertMigrates(device0, address, 64);
        assertInUse(64);
        assertCpuReads(address, pattern(8, 37));
        assertInUse(56);
        assertEquals(success(8, 0), migrateToSystem(device0, page(address, 8), 8));
        assertInUse(48);
        process.madvise(page(address, 16), 8L * PAGE, Advice.DONTNEED);
        assertInUse(40);
        Mm child = process.fork();
        assertInUse(40);
        new CpuAccess(child).write(page(address, 24), pattern(8, 38));
        assertInUse(32);
        process.munmap(page(address, 32), 32L * PAGE);
        assertInUse(32);
        child.exit();
        assertInUse(0);
        assertEquals(64, allocated(0));
    }

    private void assertInUse(long pageCount) {
        assertEquals(pageCount, allocated(0) - freed(0));
        assertEquals(pageCount, pagesOn(0));
    }

    @Test
    void releaseWithoutDeviceMemoryIsNothing() {
        assertEquals(success(0, 0), device0.execute(new DmirrorCommand.Release(map(1), 1)));
    }

    // Many ranges at once.

    @Test
    void scatteredPagesMigrateInOneBatch() {
        long address = map(400);
        cpuWrites(address, pattern(400, 35));
        long first = PageSize.pageNumber(address);
        long[] pages = new long[400];
        int count = 0;
        for (int page = 0; page < 400; page += page % 10 == 1 ? 4 : 1) {
            pages[count++] = first + page;
        }
        long batches = emulator.device(0).copyEngine().statistics().toDevice().batches();
        assertEquals(count, device0.migrateToDevice(pages, count, 512).movedPages());
        assertEquals(
                batches + 1, emulator.device(0).copyEngine().statistics().toDevice().batches());
        assertEquals(count, pagesOn(0));
        assertDeviceReads(device0, address, pattern(400, 35), 1);
        assertEquals(count, device0.migrateToSystem(pages, count).movedPages());
        assertNotEquals(0, count);
        assertCpuReads(address, pattern(400, 35));
    }
}
