package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.mm.Advice;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.DeviceCopies;
import farpage.mm.file.FileBackedMode;
import farpage.mm.file.FilesOnDevices;
import farpage.mm.memoryfailure.Recovery;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Pages of a file stay in the page cache, and devices read copies of them: what makes a device
/// lose a copy, and that it never reads an old one.
abstract class FileCopyContract extends FileBackedContract {
    @Override
    FileBackedMode mode() {
        return FileBackedMode.COPY;
    }

    /// Several devices together have room for a part of the file only.
    @Override
    final EmulatorConfig adjust(EmulatorConfig config) {
        return config.withDeviceMemory(128L * PAGE).withChunkSize(64L * PAGE);
    }

    private void store(int page, int seed) {
        cpuWrites(page(address, page), pattern(1, seed));
        MemorySegment.copy(pattern(1, seed), 0, data, (long) page * PAGE, PAGE);
    }

    @Test
    void copyLeavesThePageWhereItIs() {
        assertMigrates(device0, address, PAGES);
        assertEquals(PAGES, pagesOn(0));
        assertEquals(0, pagesOnDevice());
        long faultsBefore = cpu.faultCount();
        assertCpuReads(address, data);
        assertEquals(faultsBefore, cpu.faultCount());
        assertDeviceReads(device0, address, data, 0);
        assertMigrates(device0, address, PAGES);
        assertEquals(PAGES, count(FilesOnDevices.Event.COPIED), "no second copy");
        closeFile();
        assertEquals(0, pagesOn(0));
    }

    @Test
    @Tag("T-8.11")
    void deviceReadsWhatACpuStoredSince() {
        assertMigrates(device0, address, PAGES);
        store(3, 40);
        assertEquals(PAGES - 1, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        assertMigrates(device0, address, PAGES);
        assertEquals(PAGES, pagesOn(0));
        store(3, 41);
        store(4, 42);
        assertDeviceReads(device0, address, data, 1);
        closeFile();
    }

    @Test
    @Tag("T-8.11")
    void deviceReadsWhatWasWrittenToTheFileSince() throws IOException {
        assertMigrates(device0, address, PAGES);
        MemorySegment part = pattern(1, 50).asSlice(0, 100);
        assertEquals(100, file.write(part, 7L * PAGE + 50));
        MemorySegment.copy(part, 0, data, 7L * PAGE + 50, 100);
        assertEquals(1, count(FilesOnDevices.Event.COPY_DROPPED));
        assertDeviceReads(device0, address, data, 1);
        assertEquals(Errno.OK, file.punchHole(9L * PAGE, 2L * PAGE));
        data.asSlice(9L * PAGE, 2L * PAGE).fill((byte) 0);
        assertDeviceReads(device0, address, data, 1);
        assertEquals(Errno.OK, file.fsync());
        assertOnDisk(data);
        assertEquals(Errno.OK, file.truncate(20L * PAGE));
        assertEquals(17, pagesOn(0));
        assertEquals(
                Errno.EFAULT,
                device0.execute(new DmirrorCommand.Read(page(address, 20), 1, buffer(1))).errno());
        closeFile();
    }

    @Test
    void writeOfADeviceDropsAllCopiesAndWritesTheFilesPage() throws IOException {
        assertMigrates(device0, address, PAGES);
        assertMigrates(device1, address, PAGES);
        deviceWrites(device0, 5, 2, 60, 1);
        assertEquals(PAGES - 2, pagesOn(0));
        assertEquals(PAGES - 2, pagesOn(1));
        assertDeviceReads(device1, address, data, 1);
        assertCpuReads(address, data);
        assertEquals(Errno.OK, file.fsync());
        assertOnDisk(data);
        closeFile();
    }

    @Test
    void storeOfAnotherProcessIsSeenAndPrivateStoresDoNoHarm() {
        Mm other = emulator.newProcess();
        CpuAccess otherCpu = new CpuAccess(other);
        long there = other.mmap((long) PAGES * PAGE, SHARED, file, 0);
        long copied = other.mmap((long) PAGES * PAGE, READ_WRITE, file, 0);
        assertCpuReads(otherCpu, there, data);
        assertMigrates(device0, address, PAGES);
        assertEquals(FaultResult.HANDLED, otherCpu.write(copied, pattern(1, 9)));
        assertEquals(PAGES, pagesOn(0), "a private copy is not the file's");
        assertEquals(FaultResult.HANDLED, otherCpu.write(there, pattern(1, 8)));
        MemorySegment.copy(pattern(1, 8), 0, data, 0, PAGE);
        assertEquals(PAGES - 1, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        other.exit();
        closeFile();
    }

    @Test
    void sharedMemoryIsCopiedAndItsStoresAreNoticed() {
        long shared = process.mmap((long) PAGES * PAGE, SHARED);
        cpuWrites(shared, data);
        assertMigrates(device0, shared, PAGES);
        MemorySegment one = pattern(1, 70);
        cpuWrites(page(shared, 2), one);
        MemorySegment.copy(one, 0, data, 2L * PAGE, PAGE);
        assertEquals(PAGES - 1, pagesOn(0));
        assertDeviceReads(device0, shared, data, 1);
        process.munmap(shared, (long) PAGES * PAGE);
        assertEquals(0, pagesOn(0));
        closeFile();
    }

    @Test
    void copiesGoWhenTheDeviceNeedsRoomAndWhenThePageIsReclaimed() {
        assertMigrates(device0, address, PAGES);
        long anonymous = map(100);
        MemorySegment pages = pattern(100, 5);
        cpuWrites(anonymous, pages);
        assertMigrates(device0, anonymous, 100);
        assertTrue(pagesOn(0) <= 128);
        assertDeviceReads(device0, anonymous, pages, 0);
        MemorySegment actual = buffer(PAGES);
        assertTrue(device0.execute(new DmirrorCommand.Read(address, PAGES, actual)).errno().isOk());
        assertBytes(data, actual);
        assertEquals(Errno.OK, process.madvise(address, (long) PAGES * PAGE, Advice.PAGEOUT));
        assertEquals(100, pagesOn(0), "no copy of what is not in RAM");
        assertEquals(Page.NONE, file.mapping().lookupPage(0));
        assertTrue(device0.execute(new DmirrorCommand.Read(address, PAGES, actual)).errno().isOk());
        assertBytes(data, actual);
        closeFile();
    }

    @Test
    void copyThatFailsIsNoneAndTheFileIsUnharmed() {
        faults.failNext(CallKind.WRITE, 1000, ClError.OUT_OF_RESOURCES);
        assertEquals(failure(Errno.EIO), migrateToDevice(device0, address, PAGES));
        assertEquals(0, pagesOn(0));
        var _ = faults.forgetPlanned();
        assertDeviceReads(device0, address, data, 1);
        assertMigrates(device0, address, PAGES);
        assertEquals(Errno.OK, device0.execute(new DmirrorCommand.Release(address, 1)).errno());
        assertEquals(0, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        closeFile();
    }

    @Test
    @Tag("T-8.11")
    void deviceThatReadsAtAnyTimeNeverSeesAPageTornOrOlderThanAStoreBeforeIt()
            throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<Boolean> writes = threads.submit(this::storeAll);
            Future<Boolean> copies =
                    threads.submit(() -> {
                        for (int i = 0; i < 100; i++) {
                            device0.migrateToDevice(address, PAGES);
                        }
                        return true;
                    });
            assertTrue(writes.get() && copies.get());
        }
        assertDeviceReadsAll();
        closeFile();
    }

    private void assertDeviceReadsAll() {
        MemorySegment actual = buffer(PAGES);
        assertTrue(device0.execute(new DmirrorCommand.Read(address, PAGES, actual)).errno().isOk());
        assertBytes(data, actual);
    }

    /// Each store is followed by a read of the device.
    private boolean storeAll() {
        SplittableRandom random = new SplittableRandom(5);
        for (int i = 0; i < 300; i++) {
            int page = random.nextInt(PAGES);
            store(page, i);
            MemorySegment actual = buffer(1);
            assertTrue(
                    device0.execute(new DmirrorCommand.Read(page(address, page), 1, actual))
                            .errno()
                            .isOk());
            assertBytes(pages(page, 1), actual);
        }
        return true;
    }

    @Test
    void copyThatBreaksIsDroppedAndItsMemoryIsNotUsedAgain() {
        emulator.device(0).setHandlesMemoryFailure(true);
        assertMigrates(device0, address, PAGES);
        DeviceCopies copies = file.mapping().copies();
        assertTrue(copies != null);
        long broken = copies.of(3).getFirst().devicePage();
        assertEquals(
                Recovery.RECOVERED, emulator.machine().memoryFailure().fail(broken).recovery());
        assertEquals(PAGES - 1, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        assertMigrates(device0, address, PAGES);
        assertTrue(copies.of(3).getFirst().devicePage() != broken);
        closeFile();
    }
}
