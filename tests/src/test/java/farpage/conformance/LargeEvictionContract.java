package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.devmem.DeviceFolioCounters;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioOrders;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Large folios on a device of 8 MiB in two chunks that have to leave it.
abstract class LargeEvictionContract extends EmulatorScene {
    private static final int FOLIO_PAGES = 512;
    private static final int DEVICE_PAGES = 4 * FOLIO_PAGES;
    private static final int ORDER = FolioOrders.MAX_ORDER;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return config.withRamSize(32L << 20)
                .withDeviceMemory((long) DEVICE_PAGES * PAGE)
                .withChunkSize(4L << 20)
                .withOrders(FolioOrders.ALL);
    }

    @BeforeEach
    void useLargeFolios() {
        emulator.machine().hugePages().useAlways(FolioOrders.ALL);
    }

    /// An aligned range that is written by the CPU and migrated.
    private long onDevice(MemorySegment data) {
        int pageCount = (int) (data.byteSize() / PAGE);
        long address = PageSize.alignDownPmd(map(pageCount + FOLIO_PAGES) + PageSize.PMD_SIZE - 1);
        cpuWrites(address, data);
        assertMigrates(device0, address, pageCount);
        return address;
    }

    private DeviceFolioCounters counters(int order) {
        return emulator.device(0).memory().statistics().folios().get(order);
    }

    /// Pages of the folio of system memory that is mapped at an address.
    private int systemFolioPages(long address) {
        PageTableLeaf leaf = process.pageTable().lookupLeaf(address);
        assertNotNull(leaf);
        long entry = leaf.entryAcquire(PageTableLeaf.slot(address));
        assertTrue(PageTableEntry.isPresent(entry), PageTableEntry.describe(entry));
        assertFalse(Page.isDevice(PageTableEntry.page(entry)));
        return emulator.machine().folios().pageCount(PageTableEntry.page(entry));
    }

    /// Takes all of RAM but every other page.
    ///
    /// @return the pages to give back in the end
    private long[] scatterSystemMemory() {
        Machine machine = emulator.machine();
        long[] pages = new long[machine.ram().pageCount()];
        int count = machine.allocateLockedPages(pages, machine.ram().freePageCount());
        long[] kept = new long[count / 2];
        for (int i = 0; i < count; i++) {
            machine.folios().unlock(pages[i]);
            if (i % 2 == 0) {
                machine.put(pages[i]);
            } else {
                kept[i / 2] = pages[i];
            }
        }
        return kept;
    }

    @Test
    void aLargeFolioLeavesAsOne() {
        MemorySegment data = pattern(FOLIO_PAGES, 1);
        long address = onDevice(data);
        assertEquals(1, counters(ORDER).allocated());
        assertEquals(Errno.OK, emulator.device(0).release());
        assertEquals(1, emulator.device(0).copyEngine().statistics().toSystem().commands());
        assertEquals(FOLIO_PAGES, systemFolioPages(address));
        assertCpuReads(address, data);
    }

    @Test
    void aLargeFolioIsSplitWhereSystemMemoryHasNoneOfItsSize() {
        MemorySegment data = pattern(FOLIO_PAGES + 16, 2);
        long address = onDevice(data);
        long[] kept = scatterSystemMemory();
        assertEquals(Errno.OK, emulator.device(0).release());
        assertEquals(1, systemFolioPages(address));
        assertEquals(0, pagesOn(0));
        assertCpuReads(address, data);
        emulator.machine().putAll(kept, kept.length);
    }

    @Test
    void aSplitForWantOfALargeFolioIsCounted() {
        MemorySegment data = pattern(FOLIO_PAGES, 3);
        onDevice(data);
        long[] kept = scatterSystemMemory();
        device0.close();
        assertEquals(1, counters(ORDER).split());
        assertEquals(FOLIO_PAGES, counters(0).freed());
        assertEquals(0, counters(ORDER).freed());
        emulator.machine().putAll(kept, kept.length);
    }

    @Test
    void withoutSystemMemoryALargeFolioStaysWhole() {
        MemorySegment data = pattern(FOLIO_PAGES, 4);
        long address = onDevice(data);
        Machine machine = emulator.machine();
        long[] pages = new long[machine.ram().pageCount()];
        int count = machine.allocateLockedPages(pages, machine.ram().freePageCount() - 100);
        for (int i = 0; i < count; i++) {
            machine.folios().unlock(pages[i]);
        }
        assertEquals(
                failure(Errno.ENOMEM), device0.execute(new DmirrorCommand.Release(address, 1)));
        assertEquals(0, counters(ORDER).split());
        assertEquals(FOLIO_PAGES, pagesOn(0));
        machine.putAll(pages, count);
        assertCpuReads(address, data);
    }

    @Test
    void foliosOfEveryOrderMakeRoomForOthers() {
        for (int order = 2; order <= ORDER; order++) {
            MemorySegment data = pattern(1L << order, order);
            long first = onDevice(data);
            assertEquals(1, counters(order).allocated(), "order " + order);
            MemorySegment more = pattern(DEVICE_PAGES, 3);
            long second = onDevice(more);
            assertTrue(emulator.device(0).memory().statistics().evictedPages() >= 1 << order);
            assertEquals(1 << order, systemFolioPages(first));
            assertCpuReads(first, data);
            assertDeviceReads(device0, second, more, 0);
            assertEquals(Errno.OK, process.munmap(first, (1L << order) * PAGE));
            assertEquals(Errno.OK, process.munmap(second, (long) DEVICE_PAGES * PAGE));
            assertEquals(Errno.OK, emulator.device(0).release());
        }
    }
}
