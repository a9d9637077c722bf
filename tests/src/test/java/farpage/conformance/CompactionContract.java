package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.devmem.Compactor;
import farpage.emulator.devmem.DeviceMemory;
import farpage.mm.CpuAccess;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioOrders;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Device memory of 8 MiB in two chunks, of which blocks of 2 MiB are to be made free.
abstract class CompactionContract extends EmulatorScene {
    private static final int DEVICE_PAGES = 2048;
    private static final int BLOCK_PAGES = 512;
    private static final int ORDER = FolioOrders.MAX_ORDER;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return config.withRamSize(64L << 20)
                .withDeviceMemory((long) DEVICE_PAGES * PAGE)
                .withChunkSize(4L << 20);
    }

    private DeviceMemory memory() {
        return emulator.device(0).memory();
    }

    /// Fills the device and brings all but each eighth page back.
    private MemorySegment scatter(long address, int seed) {
        MemorySegment data = pattern(DEVICE_PAGES, seed);
        cpuWrites(address, data);
        assertMigrates(device0, address, DEVICE_PAGES);
        long[] leaving = new long[DEVICE_PAGES];
        int count = 0;
        for (int page = 0; page < DEVICE_PAGES; page++) {
            if (page % 8 != 3) {
                leaving[count++] = PageSize.pageNumber(address) + page;
            }
        }
        assertEquals(count, device0.migrateToSystem(leaving, count).movedPages());
        assertEquals(DEVICE_PAGES / 8, pagesOn(0));
        assertEquals(0, memory().freePageCount(ORDER));
        return data;
    }

    @Test
    void scatteredPagesMoveTogetherAndKeepTheirContents() {
        long address = map(DEVICE_PAGES);
        MemorySegment data = scatter(address, 1);
        assertEquals(100, Compactor.score(memory(), ORDER));
        emulator.device(0).compactIfFragmented();
        assertEquals(DEVICE_PAGES - BLOCK_PAGES, memory().freePageCount(ORDER));
        int gaps = BLOCK_PAGES - DEVICE_PAGES / 8;
        assertEquals(
                100 * gaps / (DEVICE_PAGES - DEVICE_PAGES / 8), Compactor.score(memory(), ORDER));
        assertEquals(DEVICE_PAGES / 8, pagesOn(0));
        assertTrue(memory().statistics().compactedPages() > 0);
        assertEquals(
                memory().statistics().compactedPages(),
                emulator.device(0).copyEngine().statistics().withinDevice().pages());
        assertDeviceReads(device0, page(address, 3), data.asSlice(3L * PAGE, PAGE), 1);
        assertCpuReads(address, data);
        assertEquals(0, pagesOn(0));
    }

    @Test
    void aHugePageThatMigratesFindsAWholeBlock() {
        long address = map(DEVICE_PAGES);
        MemorySegment data = scatter(address, 7);
        emulator.machine().hugePages().useAlways(FolioOrders.PMD);
        long huge = PageSize.alignDownPmd(map(2 * BLOCK_PAGES) + PageSize.PMD_SIZE - 1);
        MemorySegment hugeData = pattern(BLOCK_PAGES, 8);
        cpuWrites(huge, hugeData);
        assertMigrates(device0, huge, BLOCK_PAGES);
        assertEquals(1, memory().statistics().folios().get(ORDER).allocated());
        assertDeviceReads(device0, huge, hugeData, 0);
        assertCpuReads(huge, hugeData);
        assertCpuReads(address, data);
    }

    @Test
    void whatHasNoGapToGoToStays() {
        long address = map(DEVICE_PAGES);
        cpuWrites(address, pattern(DEVICE_PAGES, 2));
        assertMigrates(device0, address, 300);
        emulator.device(0).compactIfFragmented();
        assertEquals(0, memory().statistics().compactedPages());
        assertEquals(BLOCK_PAGES, memory().freePageCount(ORDER));
    }

    @Test
    void pagesThatSeveralProcessesMapMoveForAllOfThem() {
        long address = map(DEVICE_PAGES);
        MemorySegment data = scatter(address, 3);
        Mm child = process.fork();
        emulator.device(0).compactIfFragmented();
        assertEquals(DEVICE_PAGES - BLOCK_PAGES, memory().freePageCount(ORDER));
        assertCpuReads(new CpuAccess(child), address, data);
        assertCpuReads(address, data);
        child.exit();
    }

    @Test
    void aPageThatSomebodyHoldsStays() {
        long address = map(DEVICE_PAGES);
        MemorySegment data = scatter(address, 4);
        long held = memory().chunks().getFirst().pagemap().page(3);
        emulator.machine().folios().get(held);
        emulator.device(0).compactIfFragmented();
        assertFalse(emulator.machine().folios().isLocked(held));
        emulator.machine().put(held);
        assertCpuReads(address, data);
    }

    @Test
    void aCopyThatFailsLeavesEverythingInItsPlace() {
        long address = map(DEVICE_PAGES);
        MemorySegment data = scatter(address, 5);
        for (CallKind kind : List.of(CallKind.LAUNCH, CallKind.COPY)) {
            faults.failNext(kind, 1000, ClError.OUT_OF_RESOURCES);
        }
        emulator.device(0).compactIfFragmented();
        faults.forgetPlanned();
        assertEquals(0, memory().freePageCount(ORDER));
        assertEquals(0, memory().statistics().compactedPages());
        assertCpuReads(address, data);
    }

    @Test
    void pagesThatWereUnmappedMeanwhileAreFreed() {
        long address = map(DEVICE_PAGES);
        scatter(address, 6);
        process.munmap(address, (long) DEVICE_PAGES / 2 * PAGE);
        emulator.device(0).compactIfFragmented();
        assertEquals(DEVICE_PAGES / 16, pagesOn(0));
        assertEquals(DEVICE_PAGES - BLOCK_PAGES, memory().freePageCount(ORDER));
        assertEquals(
                FaultResult.HANDLED,
                cpu.read(page(address, DEVICE_PAGES / 2), buffer(DEVICE_PAGES / 2)));
    }
}
