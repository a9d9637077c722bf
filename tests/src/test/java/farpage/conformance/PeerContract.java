package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.peer.PeerClient;
import farpage.emulator.peer.PeerExports;
import farpage.emulator.peer.PeerMode;
import farpage.emulator.peer.PeerStatistics;
import farpage.emulator.svm.MigrationResult;
import farpage.mm.Advice;
import farpage.mm.Check;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.hmm.P2pdmaRoutes.Route;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// A device that uses the memory of another one where it lies.
abstract class PeerContract extends EmulatorScene {
    /// The form under test.
    abstract PeerMode mode();

    /// The way between the two devices.
    abstract Route route();

    /// Pages of others that a device can have mapped.
    static final int MAPPINGS = 64;

    private static final int HUGE_PAGES = PageSize.ENTRIES_PER_TABLE;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return super.configure(config)
                .withPeerMode(mode())
                .withPeerMappings(MAPPINGS)
                .withPeerTopology((_, _) -> route());
    }

    private PeerStatistics statistics() {
        return client().statistics();
    }

    private PeerClient client() {
        return emulator.device(1).peers().orElseThrow();
    }

    private PeerExports exports() {
        PeerExports exports = emulator.device(0).peers().orElseThrow().exports();
        assertTrue(exports != null);
        return exports;
    }

    private static long entry(Dmirror device, long address) {
        DevicePageTable table = device.mirror().table();
        table.lock();
        try {
            return table.entryLocked(PageSize.pageNumber(address));
        } finally {
            table.unlock();
        }
    }

    /// Pages with a pattern on the first device.
    private long onFirst(int pageCount, int seed) {
        long address = map(pageCount);
        cpuWrites(address, pattern(pageCount, seed));
        assertMigrates(device0, address, pageCount);
        return address;
    }

    private long hugeOnFirst(int seed) {
        long huge = 1L << 40;
        process.mmapFixed(huge, PageSize.PMD_SIZE, READ_WRITE);
        assertTrue(process.madvise(huge, PageSize.PMD_SIZE, Advice.HUGEPAGE).isOk());
        cpuWrites(huge, pattern(HUGE_PAGES, seed));
        assertMigrates(device0, huge, HUGE_PAGES);
        return huge;
    }

    private void assertStays(int pageCount) {
        assertEquals(pageCount, pagesOn(0));
        assertEquals(0, freed(0));
        assertEquals(0, pagesOn(1));
    }

    // Loads and stores.

    @Test
    @Tag("T-12.1")
    void deviceReadsAnotherOnesPagesWhereTheyLie() {
        long address = onFirst(8, 1);
        assertDeviceReads(device1, address, pattern(8, 1), 1);
        assertStays(8);
        assertDeviceReads(device1, address, pattern(8, 1), 0);
        PeerStatistics after = statistics();
        assertEquals(8, after.mappings());
        assertEquals(0, after.refusals());
        assertEquals(16, after.readPages());
        long bytes = 16L * PAGE;
        assertEquals(route() == Route.BUS_ADDR ? bytes : 0, after.directBytes());
        assertEquals(route() == Route.BUS_ADDR ? 0 : bytes, after.stagedBytes());
        assertEquals("32 32", snapshot(device1, address, 2));
        assertEquals("22 22", snapshot(device0, address, 2));
        assertEquals(8, exports().mappedPages());
    }

    @Test
    @Tag("T-12.1")
    void deviceWritesAnotherOnesPagesWhereTheyLie() {
        long address = onFirst(8, 1);
        assertDeviceWrites(device1, page(address, 2), pattern(3, 2), 1);
        assertStays(8);
        assertDeviceReads(device0, address, pattern(2, 1), 0);
        assertDeviceReads(device0, page(address, 2), pattern(3, 2), 0);
        assertEquals(3, statistics().writtenPages());
        assertCpuReads(page(address, 2), pattern(3, 2));
    }

    @Test
    @Tag("T-12.1")
    void rangeOfThreeKindsIsReadAtOnce() {
        long address = onFirst(4, 1);
        MemorySegment all = pattern(12, 3);
        cpuWrites(page(address, 0), all.asSlice(0, 4L * PAGE));
        assertMigrates(device0, address, 4);
        long more = map(8);
        assertEquals(address - 8L * PAGE, more, "mappings grow downwards");
        cpuWrites(more, pattern(8, 4));
        assertMigrates(device1, more, 4);
        assertDeviceReads(device1, more, pattern(8, 4), 1);
        MemorySegment both = buffer(12);
        MemorySegment.copy(pattern(8, 4), 0, both, 0, 8L * PAGE);
        MemorySegment.copy(all, 0, both, 8L * PAGE, 4L * PAGE);
        assertDeviceReads(device1, more, both, 1);
        assertEquals(4, statistics().mappings());
    }

    @Test
    @Tag("T-12.1")
    void moreThanOnePassIsReadAndWritten() {
        long address = onFirst(MAPPINGS, 5);
        for (int i = 0; i < MAPPINGS; i += 2) {
            long odd = page(address, i + 1);
            assertCpuReads(odd, pattern(MAPPINGS, 5).asSlice((i + 1L) * PAGE, PAGE));
        }
        assertDeviceReads(device1, address, pattern(MAPPINGS, 5), 1);
        assertEquals(MAPPINGS / 2, pagesOn(0));
    }

    @Test
    void hugeFolioIsReadWhereItLies() {
        long huge = hugeOnFirst(1);
        int pages = HUGE_PAGES;
        int half = MAPPINGS / 2;
        MemorySegment part = pattern(pages, 1).asSlice(100L * PAGE, (long) half * PAGE);
        assertDeviceReads(device1, page(huge, 100), part, 1);
        assertStays(pages);
        assertEquals(0, process.munmap(huge, PageSize.PMD_SIZE).number());
        assertEquals(0, pagesOn(0));
        assertEquals(half, statistics().revocations());
    }

    // Migration from device to device.

    @Test
    @Tag("T-11.4")
    void pagesMoveFromDeviceToDeviceStraightOrThroughRam() {
        long address = onFirst(6, 1);
        assertDeviceReads(device1, address, pattern(6, 1), 1);
        long systemPages = emulator.machine().usedPageCount();
        assertEquals(
                new MigrationResult(Errno.OK, 3),
                emulator.device(1).migrateFrom(emulator.device(0), device1, address, 3));
        assertEquals(systemPages, emulator.machine().usedPageCount());
        assertEquals(3, pagesOn(0));
        assertEquals(3, pagesOn(1));
        assertEquals(3, exports().mappedPages(), "what moved is no peer's any more");
        PeerStatistics moved = statistics();
        assertEquals(9L * PAGE, moved.directBytes() + moved.stagedBytes());
        assertEquals(success(3, 0), migrateToSystem(device0, page(address, 3), 3));
        assertMigrates(device1, page(address, 3), 3);
        assertEquals(0, pagesOn(0));
        assertEquals(6, pagesOn(1));
        assertEquals(moved.directBytes(), statistics().directBytes());
        assertEquals(moved.stagedBytes(), statistics().stagedBytes());
        assertDeviceReads(device1, address, pattern(6, 1), 1);
        assertCpuReads(address, pattern(6, 1));
    }

    @Test
    @Tag("T-11.4")
    void largeFolioMovesFromDeviceToDeviceWhole() {
        long huge = hugeOnFirst(7);
        assertEquals(
                new MigrationResult(Errno.OK, HUGE_PAGES),
                emulator.device(1).migrateFrom(emulator.device(0), device1, huge, HUGE_PAGES));
        assertEquals(0, pagesOn(0));
        assertEquals(HUGE_PAGES, pagesOn(1));
        MemorySegment all = pattern(HUGE_PAGES, 7);
        assertDeviceReads(device1, huge, all, 1);
        assertEquals("26", snapshot(device1, huge, 1));
    }

    // Where it can not be.

    @Test
    @Tag("T-12.3")
    void pagesThatFindNoRoomComeToRamAndNoOthers() {
        long address = onFirst(MAPPINGS + 3, 1);
        assertDeviceReads(device1, address, pattern(MAPPINGS + 3, 1), 1);
        assertEquals(MAPPINGS, pagesOn(0));
        assertEquals(3, freed(0));
        assertEquals(MAPPINGS, client().mappedPages());
        assertFalse(DevicePte.isPeer(entry(device1, page(address, MAPPINGS))));
        assertTrue(DevicePte.isPeer(entry(device1, page(address, MAPPINGS - 1))));
        assertTrue(statistics().refusals() >= 3);
        assertCpuReads(address, pattern(2, 1));
        assertDeviceReads(device1, address, pattern(2, 1), 1);
    }

    @Test
    @Tag("T-12.5")
    void pageOfOnesOwnIsNoPeers() {
        long address = map(1);
        cpuWrites(address, pattern(1, 1));
        assertMigrates(device1, address, 1);
        device1.mirror().table().lock();
        device1.mirror().table().eraseLocked(0, Long.MAX_VALUE);
        device1.mirror().table().unlock();
        assertDeviceReads(device1, address, pattern(1, 1), 1);
        assertFalse(DevicePte.isPeer(entry(device1, address)));
        assertEquals(0, statistics().mappings());
    }

    @Test
    @Tag("T-12.6")
    void storeToAPageThatAForkSharesIsCopiedInRam() {
        long address = onFirst(2, 1);
        Mm child = process.fork();
        assertDeviceReads(device1, address, pattern(2, 1), 1);
        assertEquals("31 31", snapshot(device1, address, 2));
        assertDeviceWrites(device1, address, pattern(1, 2), 1);
        assertEquals(1, pagesOn(0));
        assertCpuReads(address, pattern(1, 2));
        assertCpuReads(new CpuAccess(child), address, pattern(1, 1));
        child.exit();
    }

    @Test
    @Tag("T-12.6")
    void storeToMemoryThatMayNotBeWrittenIsRefused() {
        long address = onFirst(1, 1);
        process.mprotect(address, PAGE, VmFlags.READ);
        assertDeviceReads(device1, address, pattern(1, 1), 1);
        assertEquals(
                failure(Errno.EPERM),
                device1.execute(new DmirrorCommand.Write(address, 1, buffer(1))));
        assertStays(1);
    }

    // The end of a mapping.

    @Test
    @Tag("T-12.4")
    void deviceLosesThePageBeforeItIsUsedAgain() {
        long address = onFirst(1, 1);
        long page = pageOf(device0, address);
        assertDeviceReads(device1, address, pattern(1, 1), 1);
        long before = entry(device1, address);
        assertTrue(DevicePte.isPeer(before));
        assertCpuReads(address, pattern(1, 1));
        assertEquals(DevicePte.NONE, entry(device1, address));
        assertEquals(1, statistics().revocations());
        long other = onFirst(1, 2);
        assertEquals(page, pageOf(device0, other), "the page is used again");
        cpuWrites(address, pattern(1, 3));
        assertDeviceReads(device1, address, pattern(1, 3), 1);
        assertDeviceReads(device1, other, pattern(1, 2), 1);
    }

    private static long pageOf(Dmirror device, long address) {
        return DevicePte.page(entry(device, address));
    }

    @Test
    @Tag("T-12.4")
    void everyWayToLoseAPageTakesItFromTheOtherDevice() {
        long address = onFirst(6, 1);
        assertDeviceReads(device1, address, pattern(6, 1), 1);
        assertEquals(6, exports().mappedPages());
        process.munmap(address, PAGE);
        assertEquals(5, exports().mappedPages());
        assertTrue(process.madvise(page(address, 1), PAGE, Advice.DONTNEED).isOk());
        assertEquals(4, exports().mappedPages());
        assertEquals(success(1, 0), migrateToSystem(device0, page(address, 2), 1));
        assertEquals(3, exports().mappedPages());
        process.mprotect(page(address, 3), PAGE, VmFlags.READ);
        assertEquals(2, exports().mappedPages());
        device0.execute(new DmirrorCommand.Release(page(address, 4), 1));
        assertEquals(0, exports().mappedPages());
        assertEquals(6, statistics().revocations());
        assertEquals(0, pagesOn(0));
    }

    @Test
    void closedFileGivesUpWhatItHad() {
        long address = onFirst(2, 1);
        Dmirror second = emulator.device(1).open(process);
        assertDeviceReads(second, address, pattern(2, 1), 1);
        assertDeviceReads(device1, address, pattern(1, 1), 1);
        assertEquals(3, exports().mappedPages());
        second.close();
        assertEquals(1, exports().mappedPages());
        process.exit();
        assertEquals(0, exports().mappedPages());
    }

    @Test
    @Tag("T-12.7")
    void pageThatSomebodyKeepsIsNotUsedAgain() {
        long address = onFirst(1, 1);
        long page = pageOf(device0, address);
        long dmaPage = exports().dmaPage(page);
        assertEquals(mode() == PeerMode.TWO_PAGES, Page.isP2pdma(dmaPage));
        assertTrue(client().map(dmaPage), "and its owner is not asked to give it up");
        if (mode() == PeerMode.UNIFIED) {
            assertThrows(Check.Broken.class, () -> exports().mayFree(page, 0));
            client().unmap(dmaPage);
            assertTrue(exports().mayFree(page, 0));
            return;
        }
        process.munmap(address, PAGE);
        assertEquals(1, exports().keptPages(emulator.device(0).memory().chunk(page)));
        long other = onFirst(1, 2);
        assertNotEquals(page, pageOf(device0, other));
        client().unmap(dmaPage);
        long third = onFirst(1, 3);
        assertEquals(page, pageOf(device0, third));
    }

    @Test
    void bufferThatCanNotBeHadFailsTheAccessAndNoMore() {
        long address = onFirst(4, 1);
        ClError error = ClError.OUT_OF_RESOURCES;
        faults.fail(CallKind.CREATE_BUFFER, faults.calls(CallKind.CREATE_BUFFER) + 1, error);
        assertEquals(
                Errno.EIO, device1.execute(new DmirrorCommand.Read(address, 4, buffer(4))).errno());
        assertDeviceReads(device1, address, pattern(4, 1), 0);
    }

    @Test
    void migrationBetweenDevicesThatHasNoBufferLeavesThePagesUsable() {
        long address = onFirst(4, 1);
        emulator.device(1).release();
        assertMigrates(device1, map(1), 1);
        ClError error = ClError.OUT_OF_RESOURCES;
        faults.fail(CallKind.CREATE_BUFFER, faults.calls(CallKind.CREATE_BUFFER) + 1, error);
        MigrationResult result =
                emulator.device(1).migrateFrom(emulator.device(0), device1, address, 4);
        assertEquals(new MigrationResult(Errno.EIO, 0), result);
        assertEquals(4, pagesOn(0));
        assertCpuReads(address, pattern(4, 1));
    }
}
