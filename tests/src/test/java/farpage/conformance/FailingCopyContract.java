package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.dmirror.DmirrorCommand;
import farpage.mm.Errno;
import farpage.mm.fault.FaultResult;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/// OpenCL calls that fail in the middle of a migration: the pages stay where they were, nothing is
/// lost and nothing leaks, and the next migration works.
abstract class FailingCopyContract extends EmulatorScene {
    private static final int PAGES = 200;

    private final ClError error = ClError.OUT_OF_RESOURCES;

    private void failLater(CallKind kind, int nthFromNow) {
        faults.fail(kind, faults.calls(kind) + nthFromNow, error);
    }

    /// Pages of which every third was never touched, so that copies, clears and staging all take
    /// part.
    private MemorySegment mixedPages(long address) {
        MemorySegment data = pattern(PAGES, 1);
        for (int page = 0; page < PAGES; page++) {
            MemorySegment bytes = data.asSlice((long) page * PAGE, PAGE);
            if (page % 3 == 2) {
                bytes.fill((byte) 0);
            } else {
                cpuWrites(page(address, page), bytes);
            }
        }
        return data;
    }

    private void assertMigrationFailsAndLeavesEverything(
            long address, MemorySegment data, long pagesBefore) {
        long failures = emulator.device(0).copyEngine().statistics().failures();
        assertEquals(failure(Errno.EIO), migrateToDevice(device0, address, PAGES));
        assertEquals(failures + 1, emulator.device(0).copyEngine().statistics().failures());
        assertEquals(error, emulator.device(0).copyEngine().lastFailure().orElseThrow().error());
        assertEquals(pagesBefore, pagesOn(0));
        assertMigrates(device0, address, PAGES);
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
    }

    @Test
    void failedWriteLeavesThePagesInSystemMemory() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        failLater(CallKind.WRITE, 1);
        assertMigrationFailsAndLeavesEverything(address, data, 0);
    }

    @Test
    void partialWriteLeavesThePagesInSystemMemory() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        faults.partial(CallKind.WRITE, faults.calls(CallKind.WRITE) + 2, 5000, error);
        assertMigrationFailsAndLeavesEverything(address, data, 0);
    }

    @Test
    void failedKernelLeavesThePagesInSystemMemory() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        failLater(CallKind.LAUNCH, 1);
        assertMigrationFailsAndLeavesEverything(address, data, 0);
    }

    @Test
    void failedSecondKernelLeavesThePagesInSystemMemory() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        failLater(CallKind.LAUNCH, 2);
        assertMigrationFailsAndLeavesEverything(address, data, 0);
    }

    @Test
    void failedMarkerLeavesThePagesInSystemMemory() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        failLater(CallKind.MARKER, 1);
        assertMigrationFailsAndLeavesEverything(address, data, 0);
    }

    @Test
    void failedFillLeavesThePagesInSystemMemory() {
        long address = map(PAGES);
        failLater(CallKind.FILL, 1);
        assertMigrationFailsAndLeavesEverything(address, buffer(PAGES), 0);
    }

    @Test
    void failureInALaterCopyKeepsTheEarlierOnes() {
        // 6,000 pages are copied in five pieces of 1,024 and one of 880, each with its marker.
        long address = map(6000);
        MemorySegment data = pattern(6000, 2);
        cpuWrites(address, data);
        failLater(CallKind.MARKER, 6);
        assertEquals(failure(Errno.EIO), migrateToDevice(device0, address, 6000));
        assertEquals(5 * 1024, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        assertCpuReads(address, data);
    }

    @Test
    void failureOfOneCopyKeepsThoseBeforeAndAfterIt() {
        // In pieces of 1,024 pages that lie in a row: one write each.
        long address = map(6000);
        MemorySegment data = pattern(6000, 6);
        cpuWrites(address, data);
        failLater(CallKind.WRITE, 4);
        assertEquals(failure(Errno.EIO), migrateToDevice(device0, address, 4096 + 1024));
        assertEquals(4 * 1024, pagesOn(0));
        assertEquals("22 02", snapshot(device0, page(address, 3071), 2));
        failLater(CallKind.WRITE, 1);
        assertEquals(failure(Errno.EIO), migrateToDevice(device0, page(address, 3072), 2048));
        assertEquals("02 22", snapshot(device0, page(address, 4095), 2));
        assertDeviceReads(device0, address, data, 1);
        assertCpuReads(address, data);
    }

    @Test
    void failedWaitOnACpuFaultIsABusErrorAndKeepsThePage() {
        long address = map(1);
        cpuWrites(address, pattern(1, 7));
        assertMigrates(device0, address, 1);
        failLater(CallKind.FINISH, 1);
        assertTrue(cpu.begin(address, true) < 0);
        assertEquals(FaultResult.SIGBUS, cpu.fault());
        assertEquals(1, pagesOn(0));
        assertCpuReads(address, pattern(1, 7));
    }

    @Test
    void failedReadOnACpuFaultIsABusErrorAndKeepsThePage() {
        long address = map(2);
        cpuWrites(address, pattern(2, 3));
        assertMigrates(device0, address, 2);
        failLater(CallKind.READ, 1);
        assertTrue(cpu.begin(address, false) < 0);
        assertEquals(FaultResult.SIGBUS, cpu.fault());
        assertEquals(2, pagesOn(0));
        assertCpuReads(address, pattern(2, 3));
        assertEquals(0, pagesOn(0));
    }

    @Test
    void failedReadOnTheWayBackKeepsThePagesOnTheDevice() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        assertMigrates(device0, address, PAGES);
        failLater(CallKind.READ, 1);
        assertEquals(failure(Errno.EIO), migrateToSystem(device0, address, PAGES));
        assertEquals(PAGES, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        assertEquals(success(PAGES, 0), migrateToSystem(device0, address, PAGES));
        assertCpuReads(address, data);
    }

    @Test
    void failedReleaseKeepsThePagesOnTheDevice() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        assertMigrates(device0, address, PAGES);
        failLater(CallKind.READ, 1);
        DmirrorCommand release = new DmirrorCommand.Release(address, 1);
        assertEquals(failure(Errno.EIO), device0.execute(release));
        assertEquals(PAGES, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        migrateToSystem(device0, address, PAGES);
        assertCpuReads(address, data);
    }

    @Test
    void failedDeviceAccessIsAnInputOutputError() {
        long address = map(8);
        cpuWrites(address, pattern(8, 4));
        assertMigrates(device0, address, 8);
        failLater(CallKind.READ, 1);
        assertEquals(
                failure(Errno.EIO),
                device0.execute(new DmirrorCommand.Read(address, 8, buffer(8))));
        failLater(CallKind.WRITE, 1);
        assertEquals(
                failure(Errno.EIO),
                device0.execute(new DmirrorCommand.Write(address, 8, pattern(8, 5))));
        assertDeviceReads(device0, address, pattern(8, 4), 0);
    }
}
