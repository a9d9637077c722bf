package farpage.mm.ksm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.RssCounter;
import farpage.mm.VmStat;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.swap.SwapEntry;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Merged pages that go to swap and come back.
final class KsmSwapTest {
    private static final int PAGES = 4;

    @RegisterExtension final TestMachine machine = new TestMachine(128);
    private final Machine mm = machine.machine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(PAGES);

    /// Three places of one merged page, and a page that has no equal.
    @BeforeEach
    void merge() {
        assertEquals(Errno.OK, mm.swap().swapOn(new SwapMemory(64)));
        for (int i = 0; i < 3; i++) {
            process.store(page(address, i), 7);
        }
        process.store(page(address, 3), 8);
        assertEquals(Errno.OK, process.mm().madvise(address, PAGES * 4096, Advice.MERGEABLE));
        mm.ksm().scanFullPasses(3);
        assertEquals(process.pageAt(address), process.pageAt(page(address, 2)));
    }

    private long count(VmStat.Event event) {
        return mm.vmStat().get(event);
    }

    private void swapOut() {
        assertTrue(mm.reclaim().reclaimPage(process.pageAt(address)));
        machine.check();
    }

    private long swapEntry(int index) {
        return SwapEntry.ofPageTableEntry(process.entry(page(address, index)));
    }

    @Test
    void mergedPageGoesToOneSlotFromAllItsPlaces() {
        swapOut();
        for (int i = 0; i < 3; i++) {
            assertEquals(Shape.SWAP, process.shape(page(address, i)));
            assertFalse(PageTableEntry.isExclusiveSwap(process.entry(page(address, i))));
            assertEquals(swapEntry(0), swapEntry(i));
        }
        assertEquals(3, mm.swap().entryCount(swapEntry(0)));
        assertEquals(3, process.mm().rss(RssCounter.SWAP_ENTRIES));
        assertEquals(1, count(VmStat.Event.PSWPOUT));
        mm.ksm().scanFullPasses(1);
        assertEquals(0, mm.ksm().statistics().pagesShared());
    }

    @Test
    void placesThatComeBackGetAPageEach() {
        swapOut();
        assertEquals(7, process.load(address));
        assertEquals(0, count(VmStat.Event.KSM_SWPIN_COPY), "the first has what was read");
        assertEquals(7, process.load(page(address, 1)));
        assertEquals(7, process.load(page(address, 2)));
        machine.check();
        assertEquals(2, count(VmStat.Event.KSM_SWPIN_COPY));
        assertEquals(1, count(VmStat.Event.PSWPIN));
        assertNotEquals(process.pageAt(address), process.pageAt(page(address, 1)));
        assertNotEquals(process.pageAt(page(address, 1)), process.pageAt(page(address, 2)));
        assertEquals(0, process.mm().rss(RssCounter.SWAP_ENTRIES));
        assertEquals(4, process.mm().rss(RssCounter.ANON));
        process.store(address, 1);
        process.assertRow(page(address, 1), 1, 7);
        mm.ksm().scanFullPasses(3);
        machine.check();
        assertEquals(process.pageAt(page(address, 1)), process.pageAt(page(address, 2)));
    }

    @Test
    void copyForAStoreIsWritableAtOnce() {
        swapOut();
        assertEquals(7, process.load(address));
        process.store(page(address, 1), 9);
        machine.check();
        assertTrue(PageTableEntry.isWritable(process.entry(page(address, 1))));
        assertEquals(7, process.load(page(address, 2)));
        assertEquals(7, process.load(address));
    }

    /// Somebody who holds the page keeps it in the swap cache, where it serves every place.
    @Test
    void pageInTheSwapCacheIsMappedAgainAsItIs() {
        long merged = process.pageAt(address);
        machine.folios().get(merged);
        assertFalse(mm.reclaim().reclaimPage(merged));
        assertEquals(Shape.SWAP, process.shape(address));
        for (int i = 0; i < 3; i++) {
            assertEquals(7, process.load(page(address, i)));
            assertEquals(merged, process.pageAt(page(address, i)));
        }
        assertTrue(machine.folios().hasFlag(merged, FolioFlags.KSM));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        mm.put(merged);
        machine.check();
        assertEquals(0, count(VmStat.Event.KSM_SWPIN_COPY));
        process.store(address, 1);
        assertEquals(7, process.load(page(address, 1)));
        mm.ksm().scanFullPasses(2);
        assertEquals(1, mm.ksm().statistics().pagesShared());
    }

    @Test
    void childFindsItsPlacesToo() {
        swapOut();
        TestProcess child = process.fork();
        assertEquals(6, mm.swap().entryCount(swapEntry(0)));
        for (int i = 2; i >= 0; i--) {
            assertEquals(7, child.load(page(address, i)));
            assertEquals(7, process.load(page(address, i)));
        }
        machine.check();
        assertEquals(process.pageAt(page(address, 2)), child.pageAt(page(address, 2)));
        child.store(page(address, 2), 1);
        assertEquals(7, process.load(page(address, 2)));
    }

    @Test
    void pageThatWasReadBackMigratesOnlyWhenNoOtherPlaceNeedsItsSlot() {
        swapOut();
        assertEquals(7, process.load(address));
        assertEquals(0, device.pull(process, address, 1));
        assertEquals(7, process.load(page(address, 1)));
        assertEquals(7, process.load(page(address, 2)));
        assertEquals(3, device.pull(process, address, 3));
        machine.check();
        for (int i = 0; i < 3; i++) {
            assertEquals(7, process.load(page(address, i)));
        }
    }

    @Test
    void withdrawnAdviceLeavesWhatLiesInSwap() {
        swapOut();
        assertEquals(Errno.OK, process.mm().madvise(address, PAGES * 4096, Advice.UNMERGEABLE));
        assertEquals(Shape.SWAP, process.shape(address));
        assertEquals(Errno.OK, mm.swap().swapOff(0));
        machine.check();
        for (int i = 0; i < 3; i++) {
            assertEquals(7, process.load(page(address, i)));
        }
    }

    @Test
    void mergedPagesGoWhenMemoryIsShort() {
        long more = process.map(150);
        for (int i = 0; i < 150; i++) {
            process.store(page(more, i), i);
        }
        machine.check();
        for (int i = 0; i < 150; i++) {
            assertEquals((byte) i, process.load(page(more, i)));
        }
        for (int i = 0; i < 3; i++) {
            assertEquals(7, process.load(page(address, i)));
        }
        process.assertRow(page(address, 3), 1, 8);
    }

    @Test
    void pageThatMergesWithAnotherNeedsNoSlotAnyMore() {
        long more = process.map(1);
        process.store(more, 7);
        long page = process.pageAt(more);
        machine.folios().get(page);
        assertFalse(mm.reclaim().reclaimPage(page));
        mm.put(page);
        assertEquals(7, process.load(more));
        assertTrue(machine.folios().hasFlag(page, FolioFlags.SWAPCACHE));
        assertEquals(Errno.OK, process.mm().madvise(more, 4096, Advice.MERGEABLE));
        mm.ksm().scanFullPasses(3);
        machine.check();
        assertEquals(process.pageAt(address), process.pageAt(more));
        assertEquals(63, mm.swap().freeSlotCount());
    }

    @Test
    void cleanCopyThatAChildSharesIsNotLostWhenTheParentFreesIt() {
        assertEquals(Errno.OK, process.mm().madvise(address, PAGES * 4096, Advice.UNMERGEABLE));
        assertFalse(PageTableEntry.isDirty(process.entry(address)));
        TestProcess child = process.fork();
        assertEquals(Errno.OK, process.mm().madvise(address, PAGES * 4096, Advice.FREE));
        assertTrue(mm.reclaim().reclaimPage(process.pageAt(address)));
        assertEquals(7, child.load(address));
        assertEquals(7, process.load(address));
    }
}
