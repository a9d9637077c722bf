package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.mm.Errno;
import farpage.mm.fault.FaultResult;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

/// OpenCL calls that fail in the middle of a migration: what fails once is tried folio by folio;
/// pages that can not be copied stay where they were, nothing is lost and nothing leaks, and the
/// next migration works.
abstract class FailingCopyContract extends EmulatorScene {
    private static final int PAGES = 200;

    /// More calls than a migration here makes.
    private static final int MANY = 3000;

    private final ClError error = ClError.OUT_OF_RESOURCES;

    /// Commands, clears and staging are what can fail in the most ways.
    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return super.configure(config).withInPlace(false);
    }

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

    private void assertMigratesFolioByFolio(long address, MemorySegment data) {
        long failures = emulator.device(0).copyEngine().statistics().failures();
        assertMigrates(device0, address, PAGES);
        assertEquals(failures + 1, emulator.device(0).copyEngine().statistics().failures());
        assertEquals(error, emulator.device(0).copyEngine().lastFailure().orElseThrow().error());
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
    }

    @Test
    void afterAFailedWriteFoliosAreCopiedOneByOne() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        failLater(CallKind.WRITE, 1);
        assertMigratesFolioByFolio(address, data);
    }

    @Test
    void afterAPartialWriteFoliosAreCopiedOneByOne() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        faults.partial(CallKind.WRITE, faults.calls(CallKind.WRITE) + 1, 5000, error);
        assertMigratesFolioByFolio(address, data);
    }

    @Test
    void afterAFailedKernelFoliosAreCopiedOneByOne() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        failLater(CallKind.LAUNCH, 1);
        assertMigratesFolioByFolio(address, data);
    }

    @Test
    void afterAFailedSecondKernelFoliosAreCopiedOneByOne() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        failLater(CallKind.LAUNCH, 2);
        assertMigratesFolioByFolio(address, data);
    }

    @Test
    void afterAFailedMarkerFoliosAreCopiedOneByOne() {
        long address = map(PAGES);
        MemorySegment data = pattern(PAGES, 9);
        cpuWrites(address, data);
        failLater(CallKind.MARKER, 1);
        assertMigratesFolioByFolio(address, data);
    }

    @Test
    void afterAFailedFillFoliosAreCopiedOneByOne() {
        long address = map(PAGES);
        failLater(CallKind.FILL, 1);
        assertMigratesFolioByFolio(address, buffer(PAGES));
    }

    @Test
    void pagesThatCanNotBeCopiedAtAllStayInSystemMemory() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        for (CallKind kind : new CallKind[] {CallKind.WRITE, CallKind.FILL, CallKind.LAUNCH}) {
            faults.failNext(kind, MANY, error);
        }
        assertEquals(failure(Errno.EIO), migrateToDevice(device0, address, PAGES));
        assertEquals(0, pagesOn(0));
        faults.forgetPlanned();
        assertMigrates(device0, address, PAGES);
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
    }

    @Test
    void failureInALaterCopyKeepsTheEarlierOnes() {
        // 6,000 pages are copied in five pieces of 1,024 and one of 880, one write each; the pages
        // of the last are tried one by one.
        long address = map(6000);
        MemorySegment data = pattern(6000, 2);
        cpuWrites(address, data);
        long writes = faults.calls(CallKind.WRITE);
        for (int nth = 6; nth < MANY; nth++) {
            faults.fail(CallKind.WRITE, writes + nth, error);
        }
        assertEquals(failure(Errno.EIO), migrateToDevice(device0, address, 6000));
        faults.forgetPlanned();
        assertEquals(5 * 1024, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        assertCpuReads(address, data);
    }

    @Test
    void onlyThePageThatCanNotBeCopiedStays() {
        // In pieces of 1,024 pages that lie in a row, one write each. Once all five were begun, the
        // fourth is tried again whole, and then page by page.
        long address = map(6000);
        MemorySegment data = pattern(6000, 6);
        cpuWrites(address, data);
        failLater(CallKind.WRITE, 4);
        failLater(CallKind.WRITE, 6);
        failLater(CallKind.WRITE, 7 + 10);
        assertEquals(failure(Errno.EIO), migrateToDevice(device0, address, 4096 + 1024));
        assertEquals(5 * 1024 - 1, pagesOn(0));
        assertEquals("22 02 22", snapshot(device0, page(address, 3072 + 9), 3));
        assertMigrates(device0, page(address, 3072), 1024);
        assertEquals(5 * 1024, pagesOn(0));
        assertDeviceReads(device0, address, data, 1);
        assertCpuReads(address, data);
    }

    @Test
    void aCpuFaultTriesItsPageTwice() {
        long address = map(1);
        cpuWrites(address, pattern(1, 7));
        assertMigrates(device0, address, 1);
        failLater(CallKind.READ, 1);
        assertCpuReads(address, pattern(1, 7));
        assertEquals(0, pagesOn(0));
    }

    @Test
    void aCpuFaultOnAPageThatCanNotBeCopiedIsABusErrorAndKeepsThePage() {
        long address = map(2);
        cpuWrites(address, pattern(2, 3));
        assertMigrates(device0, address, 2);
        faults.failNext(CallKind.READ, 2, error);
        assertTrue(cpu.begin(address, false) < 0);
        assertEquals(FaultResult.SIGBUS, cpu.fault());
        assertEquals(2, pagesOn(0));
        assertCpuReads(address, pattern(2, 3));
        assertEquals(0, pagesOn(0));
    }

    @Test
    void pagesThatCanNotBeCopiedBackStayOnTheDevice() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        assertMigrates(device0, address, PAGES);
        faults.failNext(CallKind.READ, MANY, error);
        assertEquals(failure(Errno.EIO), migrateToSystem(device0, address, PAGES));
        assertEquals(PAGES, pagesOn(0));
        faults.forgetPlanned();
        assertDeviceReads(device0, address, data, 1);
        assertEquals(success(PAGES, 0), migrateToSystem(device0, address, PAGES));
        assertCpuReads(address, data);
    }

    @Test
    void failedReleaseKeepsThePagesOnTheDevice() {
        long address = map(PAGES);
        MemorySegment data = mixedPages(address);
        assertMigrates(device0, address, PAGES);
        faults.failNext(CallKind.READ, MANY, error);
        DmirrorCommand release = new DmirrorCommand.Release(address, 1);
        assertEquals(failure(Errno.EIO), device0.execute(release));
        assertEquals(PAGES, pagesOn(0));
        faults.forgetPlanned();
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
