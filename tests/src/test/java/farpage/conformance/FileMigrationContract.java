package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.dmirror.DmirrorCommand;
import farpage.mm.CpuAccess;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.RssCounter;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.FilesOnDevices;
import farpage.mm.file.OpenFile;
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

/// Pages of a file on disk that move to a device and come back: by read and write, by faults, by
/// truncation and write-back.
abstract class FileMigrationContract extends FileBackedContract {
    @Test
    @Tag("T-8.1")
    void fileMovesToTheDeviceAndAFaultBringsItBack() {
        assertMigrates(device0, address, PAGES);
        assertEquals(PAGES, pagesOnDevice());
        assertEquals(PAGES, process.rss(RssCounter.FILE));
        assertEquals("22 22", snapshot(device0, address, 2));
        assertCpuReads(address, pages(0, PAGES / 2));
        assertEquals(PAGES / 2, pagesOnDevice());
        assertMigrates(device0, address, PAGES);
        assertCpuReads(address, data);
        closeFile();
    }

    @Test
    @Tag("T-8.1")
    void readAndTruncationSeeWhatTheDeviceWrote() throws IOException {
        assertMigrates(device0, address, PAGES);
        assertReads(0, data);
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 0, PAGES, 7, 0);
        long half = (long) PAGES / 2 * PAGE;
        assertEquals(Errno.OK, file.truncate(half));
        assertReads(0, pages(0, PAGES / 2));
        assertCpuReads(address, pages(0, PAGES / 2));
        assertEquals(Errno.OK, file.truncate(2 * half));
        data.asSlice(half).fill((byte) 0);
        assertCpuReads(address, data);
        assertEquals(Errno.OK, file.fsync());
        assertOnDisk(data);
        closeFile();
    }

    @Test
    @Tag("T-8.4")
    void pageThatCanNotBeWrittenStaysAndIsTriedAgain() throws IOException {
        cpuWrites(address, pattern(1, 3));
        MemorySegment.copy(pattern(1, 3), 0, data, 0, PAGE);
        disk.failWrites(2);
        assertMigrates(device0, address, PAGES);
        assertEquals(2, count(FilesOnDevices.Event.CLEANING_FAILED));
        assertOnDisk(data);
        disk.failAllWrites();
        cpuWrites(address, pattern(1, 4));
        assertEquals(failure(Errno.ENOENT), migrateToDevice(device0, address, 1));
        assertFalse(isOnDevice(0));
        MemorySegment.copy(pattern(1, 4), 0, data, 0, PAGE);
        assertCpuReads(address, data);
        disk.failWrites(0);
        assertEquals(Errno.EIO, file.fsync());
        assertOnDisk(data);
        closeFile();
    }

    @Test
    @Tag("T-8.5")
    void readBringsBackNoMoreThanItReads() {
        assertMigrates(device0, address, PAGES);
        assertReads(5L * PAGE + 10, data.asSlice(5L * PAGE + 10, 100));
        assertEquals(PAGES - 1, pagesOnDevice());
        assertFalse(isOnDevice(5));
        assertEquals(1, count(FilesOnDevices.Event.FETCHED));
        assertDeviceReads(device0, address, data, 1);
        closeFile();
    }

    @Test
    @Tag("T-8.6")
    void writeOfAPartMergesWithWhatTheDeviceWrote() throws IOException {
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 3, 2, 9, 0);
        MemorySegment part = pattern(1, 77).asSlice(0, 1000);
        assertEquals(1000, file.write(part, 4L * PAGE - 500));
        MemorySegment.copy(part, 0, data, 4L * PAGE - 500, 1000);
        assertEquals(PAGES - 2, pagesOnDevice());
        assertEquals(Errno.OK, file.fsync());
        assertOnDisk(data);
        assertDeviceReads(device0, address, data, 1);
        closeFile();
    }

    @Test
    @Tag("T-8.7")
    void pagesCutOffAreFreedOnTheDevice() {
        assertMigrates(device0, address, PAGES);
        assertEquals(Errno.OK, file.truncate(10L * PAGE));
        assertEquals(10, pagesOn(0));
        assertEquals(PAGES - 10, count(FilesOnDevices.Event.DISCARDED));
        assertDeviceReads(device0, address, pages(0, 10), 0);
        assertEquals(
                Errno.EFAULT,
                device0.execute(new DmirrorCommand.Read(page(address, 10), 1, buffer(1))).errno());
        assertEquals(Errno.OK, file.punchHole(2L * PAGE, PAGE));
        assertEquals(9, pagesOn(0));
        data.asSlice(2L * PAGE, PAGE).fill((byte) 0);
        assertDeviceReads(device0, address, pages(0, 10), 1);
        closeFile();
    }

    @Test
    @Tag("T-8.8")
    void twoProcessesLoseAndRegainTheirEntriesTogether() {
        Mm other = emulator.newProcess();
        CpuAccess otherCpu = new CpuAccess(other);
        long there = other.mmap((long) PAGES * PAGE, SHARED, file, 0);
        assertCpuReads(otherCpu, there, data);
        assertMigrates(device0, address, PAGES);
        long faultsBefore = cpu.faultCount();
        assertCpuReads(otherCpu, there, data);
        assertEquals(0, pagesOn(0));
        assertCpuReads(address, data);
        assertEquals(faultsBefore, cpu.faultCount(), "they came back for both");
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 0, PAGES, 5, 0);
        assertCpuReads(otherCpu, there, data);
        other.exit();
        closeFile();
    }

    @Test
    @Tag("T-8.9")
    void whatWasSyncedSurvivesTheMachine() throws IOException {
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 10, 3, 6, 0);
        assertEquals(Errno.OK, file.fsync());
        assertEquals(3, disk.writtenPageCount(), "no more than the device wrote");
        assertEquals(PAGES - 3, pagesOnDevice());
        disk.crash();
        assertOnDisk(data);
        deviceWrites(device0, 20, 1, 8, 0);
        closeFile();
        MemorySegment.copy(pattern(PAGES, 1), 20L * PAGE, data, 20L * PAGE, PAGE);
        assertOnDisk(data);
    }

    @Test
    @Tag("T-8.10")
    void faultAroundLeavesTheNeighboursOnTheDevice() {
        assertMigrates(device0, address, PAGES);
        Mm other = emulator.newProcess();
        long there = other.mmap((long) PAGES * PAGE, SHARED, file, 0);
        assertCpuReads(new CpuAccess(other), page(there, 8), pages(8, 1));
        assertEquals(PAGES - 1, pagesOnDevice());
        other.exit();
        closeFile();
    }

    @Test
    void copyThatFailsLeavesThePageOnTheDevice() {
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 0, 1, 6, 0);
        faults.failNext(CallKind.READ, 100, ClError.OUT_OF_RESOURCES);
        assertEquals(-Errno.EIO.number(), file.read(buffer(1), 0));
        assertEquals(Errno.EIO, file.fsync());
        assertTrue(isOnDevice(0));
        var _ = faults.forgetPlanned();
        assertReads(0, data);
        closeFile();
    }

    @Test
    void fileIsTheSameOnBothDevicesAndInSharedMemory() {
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 0, 4, 6, 0);
        deviceWrites(device1, 2, 4, 7, 1);
        assertDeviceReads(device0, address, data, 1);
        closeFile();
        long shared = process.mmap((long) PAGES * PAGE, SHARED);
        cpuWrites(shared, data);
        assertMigrates(device0, shared, PAGES);
        MemorySegment written = pattern(2, 30);
        assertDeviceWrites(device0, shared, written, 0);
        MemorySegment.copy(written, 0, data, 0, written.byteSize());
        CpuAccess child = new CpuAccess(process.fork());
        assertCpuReads(child, shared, data);
        assertCpuReads(shared, data);
    }

    @Test
    void readersAndADeviceThatTakesThePagesAwayAgreeOnEveryByte()
            throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            Future<Boolean> reads = threads.submit(() -> readAll(1));
            Future<Boolean> more = threads.submit(() -> readAll(2));
            Future<Boolean> syncs =
                    threads.submit(() -> {
                        for (int i = 0; i < 20; i++) {
                            assertEquals(Errno.OK, file.fsync());
                        }
                        return true;
                    });
            SplittableRandom random = new SplittableRandom(3);
            for (int i = 0; i < 200; i++) {
                int first = random.nextInt(PAGES - 8);
                device0.migrateToDevice(page(address, first), 8);
                // What it writes is what is there: readers may come at any time.
                assertTrue(
                        device0.execute(
                                        new DmirrorCommand.Write(
                                                page(address, first), 8, pages(first, 8)))
                                .errno()
                                .isOk());
            }
            assertTrue(reads.get() && more.get() && syncs.get());
        }
        assertReads(0, data);
        closeFile();
    }

    private boolean readAll(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        MemorySegment to = MemorySegment.ofArray(new byte[3 * PAGE]);
        for (int i = 0; i < 500; i++) {
            int first = random.nextInt(PAGES - 3);
            assertEquals(to.byteSize(), file.read(to, (long) first * PAGE));
            assertBytes(pages(first, 3), to);
        }
        return true;
    }

    private Recovery fail(long page) {
        return emulator.machine().memoryFailure().fail(page).recovery();
    }

    @Test
    void pageThatBreaksOnTheDeviceIsReadAgainOrItsLossIsTold() {
        emulator.device(0).setHandlesMemoryFailure(true);
        assertMigrates(device0, address, PAGES);
        MemorySegment written = pattern(1, 30);
        assertDeviceWrites(device0, page(address, 2), written, 0);
        assertEquals(Recovery.RECOVERED, fail(file.mapping().lookupPage(1)));
        assertEquals(Recovery.RECOVERED, fail(file.mapping().lookupPage(2)));
        assertCpuReads(page(address, 1), pages(1, 1));
        assertEquals(FaultResult.HWPOISON, cpu.read(page(address, 2), buffer(1)));
        assertEquals(Errno.EIO, file.fsync(), "what the device wrote is lost");
        assertReads(2L * PAGE, pages(2, 1));
        assertEquals(Errno.OK, file.fsync());
        assertEquals(PAGES - 2, pagesOnDevice());
        closeFile();
    }

    /// It has no other place, so it stays where it is until its file is gone.
    @Test
    void sharedMemoryThatBreaksOnTheDeviceIsAnErrorToAllAndStays() {
        emulator.device(0).setHandlesMemoryFailure(true);
        OpenFile memfd = emulator.machine().files().memfd();
        assertEquals(Errno.OK, memfd.truncate(2L * PAGE));
        long shared = process.mmap(2L * PAGE, SHARED, memfd, 0);
        cpuWrites(shared, pattern(2, 31));
        assertMigrates(device0, shared, 2);
        assertEquals(Recovery.RECOVERED, fail(memfd.mapping().lookupPage(1)));
        assertEquals(FaultResult.HWPOISON, cpu.read(page(shared, 1), buffer(1)));
        assertEquals(-Errno.EIO.number(), memfd.read(buffer(1), PAGE));
        assertEquals(Errno.EIO, emulator.device(0).release());
        assertCpuReads(shared, pattern(2, 31).asSlice(0, PAGE));
        assertEquals(1, pagesOn(0));
        process.munmap(shared, 2L * PAGE);
        memfd.close();
        assertEquals(Errno.OK, emulator.device(0).release());
        closeFile();
    }
}
