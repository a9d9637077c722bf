package farpage.mm.reclaim;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmStat;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.hugememory.HugePages.Enabled;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Large folios when memory is short, or is told to be given back: no byte is lost.
final class LargeFolioReclaimTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(5 * HUGE);
    private final TestProcess process = machine.newProcess();

    private void swapOn() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(8 * HUGE)));
    }

    private void advise(Advice advice) {
        assertEquals(Errno.OK, process.mm().madvise(BASE, PageSize.PMD_SIZE, advice));
        machine.check();
    }

    private long count(Event event) {
        return machine.machine().hugePages().counters().get(event);
    }

    @Test
    void hugePageThatIsPagedOutGoesToSwapPageByPage() {
        swapOn();
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        advise(Advice.PAGEOUT);
        assertEquals(Shape.SWAP, process.shape(page(BASE, 77)));
        assertEquals(0, machine.machine().usedPageCount());
        assertEquals(1, count(Event.SPLIT_PAGE));
        assertEquals(1, count(Event.SWPOUT_FALLBACK));
        process.assertHuge(BASE);
        assertFalse(process.isHuge(BASE));
    }

    @Test
    void withoutSwapTheFolioIsCutAndItsPagesStay() {
        process.mapHugeAt(BASE, 1);
        process.storeRow(BASE, 100, 1);
        advise(Advice.PAGEOUT);
        assertEquals(1, count(Event.SPLIT_PAGE));
        assertEquals(100, process.mm().rss(RssCounter.ANON), "what was zero needs no page");
        assertEquals(100, machine.machine().usedPageCount());
        process.assertRow(BASE, 100, 1);
    }

    @Test
    void moreHugePagesThanMemoryFindRoomInSwap() {
        swapOn();
        process.mapHugeAt(BASE, 8);
        for (int i = 0; i < 8; i++) {
            process.storeHuge(BASE + i * PageSize.PMD_SIZE);
        }
        machine.check();
        for (int i = 0; i < 8; i++) {
            process.assertHuge(BASE + i * PageSize.PMD_SIZE);
        }
        assertTrue(machine.machine().vmStat().get(VmStat.Event.PSWPOUT) >= 4 * HUGE);
    }

    @Test
    void hugePageThatWasUsedLatelyIsLetOffOnce() {
        swapOn();
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        assertTrue(PageTableEntry.isYoung(process.entry(BASE)));
        long freed = machine.machine().reclaim().reclaim(1);
        assertTrue(freed > 0);
        machine.check();
        process.assertHuge(BASE);
    }

    @Test
    void hugePageThatWasAdvisedFreeIsDroppedWhole() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        advise(Advice.FREE);
        advise(Advice.PAGEOUT);
        assertEquals(0, machine.machine().usedPageCount());
        assertEquals(0, process.mm().rss(RssCounter.ANON));
        assertEquals(0, count(Event.SPLIT_PAGE));
        assertEquals(HUGE, machine.machine().vmStat().get(VmStat.Event.PGLAZYFREED));
        assertEquals(0, process.load(BASE));
    }

    @Test
    void oneStoreAfterTheAdviceKeepsThemAll() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        advise(Advice.FREE);
        process.store(page(BASE, 3), 4);
        advise(Advice.PAGEOUT);
        process.assertHuge(BASE);
    }

    @Test
    void pinnedAndLockedHugePagesStayInMemory() {
        swapOn();
        process.mapHugeAt(BASE, 2);
        process.storeHuge(BASE);
        process.storeHuge(page(BASE, HUGE));
        assertEquals(Errno.OK, process.mm().mlock(page(BASE, HUGE), PageSize.PMD_SIZE));
        long[] pinned = new long[1];
        assertEquals(
                1,
                GetUserPages.pinFast(process.mm(), page(BASE, 9), 1, GupFlags.WRITE, pinned)
                        .count());
        for (int i = 0; i < 8; i++) {
            machine.machine().reclaim().reclaim(2 * HUGE);
        }
        assertTrue(process.isHuge(BASE));
        assertTrue(process.isHuge(page(BASE, HUGE)));
        GetUserPages.unpin(machine.machine(), pinned, 1, true);
        assertEquals(FaultResult.HANDLED, process.tryLoad(BASE));
        process.assertHuge(page(BASE, HUGE));
    }

    /// Fills memory with small pages, then asks for huge ones.
    private long hugePagesOnTopOfSmallOnes(boolean advised) {
        swapOn();
        machine.machine().hugePages().setEnabled(PageSize.HPAGE_PMD_ORDER, Enabled.ALWAYS);
        process.mapAt(BASE + PageSize.PAGE_SIZE, 5 * HUGE - 2);
        assertEquals(
                Errno.OK,
                process.mm()
                        .madvise(
                                BASE + PageSize.PAGE_SIZE,
                                PageSize.pageAddress(5 * HUGE - 2),
                                Advice.NOHUGEPAGE));
        process.storeRow(BASE + PageSize.PAGE_SIZE, 5 * HUGE - 2, 1);
        long huge = 2 * BASE;
        process.mapAt(huge, 4 * HUGE);
        if (advised) {
            assertEquals(
                    Errno.OK, process.mm().madvise(huge, 4 * PageSize.PMD_SIZE, Advice.HUGEPAGE));
        }
        for (int i = 0; i < 4; i++) {
            process.storeHuge(page(huge, i * HUGE));
        }
        for (int i = 0; i < 4; i++) {
            process.assertHuge(page(huge, i * HUGE));
        }
        process.assertRow(BASE + PageSize.PAGE_SIZE, 5 * HUGE - 2, 1);
        return count(Event.FAULT_ALLOC);
    }

    @Test
    void memoryThatAsksForHugePagesHasOthersReclaimed() {
        assertTrue(hugePagesOnTopOfSmallOnes(true) > 0);
    }

    @Test
    void memoryThatDoesNotAskTakesWhatIsFree() {
        assertEquals(0, hugePagesOnTopOfSmallOnes(false));
    }
}
