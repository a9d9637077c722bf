package farpage.mm.khugepaged;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuIntervalNotifier;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.notifier.MmuNotifierSubscriptions.Insertion;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// `MADV_COLLAPSE`: what it makes huge, what it leaves alone, and what it answers.
final class MadviseCollapseTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(8192);
    private final TestDevice device = machine.newDevice(64);
    private final TestProcess process = machine.newProcess();
    private final Mm mm = process.mm();

    private Errno collapse(long address, int pageCount) {
        Errno errno = mm.madvise(address, PageSize.pageAddress(pageCount), Advice.COLLAPSE);
        machine.check();
        return errno;
    }

    private boolean isHuge(long address) {
        return isHuge(process, address);
    }

    private static boolean isHuge(TestProcess process, long address) {
        PageTableLeaf leaf = process.mm().pageTable().lookupLeaf(address);
        return leaf != null && leaf.isHugeAcquire();
    }

    private long count(Event event) {
        return machine.machine().hugePages().counters().get(event);
    }

    /// Each address once, so that no page is like its neighbour.
    private static void storeAll(TestProcess process, long address, int pageCount) {
        process.storeRow(address, pageCount, 1);
    }

    @Test
    @Tag("T-3.15")
    void pagesInMemoryOnADeviceInSwapAndNeverTouchedBecomeOneFolio() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(64)));
        process.mapAt(BASE, HUGE);
        storeAll(process, BASE, 64);
        int pulled = device.pull(process, page(BASE, 10), 20);
        Errno _ = mm.madvise(page(BASE, 40), PageSize.pageAddress(8), Advice.PAGEOUT);
        int zero = process.load(page(BASE, 100));
        assertEquals(20, pulled);
        assertEquals(0, zero);
        assertEquals(Shape.SWAP, process.shape(page(BASE, 40)));
        assertEquals(Errno.OK, collapse(BASE, HUGE));
        assertTrue(isHuge(BASE));
        assertEquals(64, device.freePageCount());
        assertEquals(HUGE, mm.rss(RssCounter.ANON));
        assertEquals(0, mm.rss(RssCounter.SWAP_ENTRIES));
        assertEquals(1, count(Event.COLLAPSE_ALLOC));
        process.assertRow(BASE, 64, 1);
        assertEquals(0, process.load(page(BASE, HUGE - 1)));
        assertEquals(HUGE, machine.machine().usedPageCount());
    }

    @Test
    @Tag("T-3.15")
    void pageThatItsDriverDoesNotBringBackStopsTheCollapse() {
        process.mapAt(BASE, HUGE);
        storeAll(process, BASE, 8);
        int _ = device.pull(process, BASE, 4);
        device.refuse(FaultResult.SIGBUS, 1);
        assertEquals(Errno.EINVAL, collapse(BASE, HUGE));
        assertFalse(isHuge(BASE));
        process.assertRow(BASE, 8, 1);
        assertEquals(Errno.OK, collapse(BASE, HUGE));
        process.assertRow(BASE, 8, 1);
    }

    @Test
    void pageOnACoherentDeviceIsLeftWhereItIs() {
        TestDevice coherent = machine.newCoherentDevice(8);
        process.mapAt(BASE, HUGE);
        storeAll(process, BASE, 8);
        int _ = coherent.pull(process, page(BASE, 3), 1);
        assertEquals(Errno.EINVAL, collapse(BASE, HUGE));
        assertTrue(coherent.holds(process, page(BASE, 3)));
        assertEquals(0, count(Event.COLLAPSE_ALLOC));
        process.assertRow(BASE, 8, 1);
    }

    @Test
    void withoutALargeFolioNothingMoves() {
        process.mapAt(BASE, HUGE);
        storeAll(process, BASE, 8);
        int _ = device.pull(process, page(BASE, 1), 2);
        List<Long> taken = new ArrayList<>();
        for (long page = take(); page != Page.NONE; page = take()) {
            taken.add(page);
        }
        assertEquals(Errno.ENOMEM, mm.madvise(BASE, PageSize.PMD_SIZE, Advice.COLLAPSE));
        assertEquals(1, count(Event.COLLAPSE_ALLOC_FAILED));
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(BASE, 1)));
        taken.forEach(machine.machine()::put);
        process.assertRow(BASE, 8, 1);
    }

    private long take() {
        return machine.machine().tryAllocateFolio(PageSize.HPAGE_PMD_ORDER);
    }

    @Test
    void rangesAndMappingsThatCanNotBeCollapsedAreRefused() {
        process.mapAt(BASE, 2 * HUGE);
        assertEquals(Errno.EINVAL, collapse(BASE, HUGE), "never stored to");
        process.store(BASE, 1);
        assertEquals(Errno.OK, collapse(page(BASE, 1), HUGE - 1), "no aligned 2 MiB");
        assertEquals(Errno.EINVAL, collapse(page(BASE, 1), 2), "the end lies before the start");
        assertEquals(Errno.OK, collapse(BASE, 0));
        Errno _ = mm.madvise(BASE, 2 * PageSize.PMD_SIZE, Advice.NOHUGEPAGE);
        assertEquals(Errno.EINVAL, collapse(BASE, HUGE), "advised against");
        process.mapAt(page(BASE, 4 * HUGE), HUGE - 1);
        process.store(page(BASE, 4 * HUGE), 1);
        assertEquals(Errno.EINVAL, collapse(page(BASE, 4 * HUGE), HUGE - 1), "small mapping");
        assertEquals(0, count(Event.COLLAPSE_ALLOC));
    }

    @Test
    void emptyTableIsCollapsedButNotAPlaceThatWasNeverTouched() {
        process.mapAt(BASE, 3 * HUGE);
        process.store(BASE, 1);
        process.store(page(BASE, 2 * HUGE), 3);
        Errno _ = mm.madvise(BASE, PageSize.PAGE_SIZE, Advice.DONTNEED);
        assertEquals(Errno.EINVAL, collapse(BASE, 3 * HUGE), "the second has no table");
        assertTrue(isHuge(BASE));
        assertFalse(isHuge(page(BASE, HUGE)));
        assertTrue(isHuge(page(BASE, 2 * HUGE)), "and the third is tried all the same");
        assertEquals(Errno.OK, collapse(BASE, HUGE), "huge already");
        assertEquals(2, count(Event.COLLAPSE_ALLOC));
        assertEquals(0, process.load(BASE));
    }

    @Test
    void holeIsReportedAfterTheRestWasCollapsed() {
        process.mapAt(BASE, HUGE);
        process.mapAt(page(BASE, 2 * HUGE), HUGE);
        process.store(BASE, 1);
        process.store(page(BASE, 2 * HUGE), 2);
        assertEquals(Errno.ENOMEM, collapse(BASE, 3 * HUGE));
        assertTrue(isHuge(BASE));
        assertTrue(isHuge(page(BASE, 2 * HUGE)));
    }

    @Test
    void pagesSharedWithAChildAreCopiedAndTheChildKeepsIts() {
        process.mapAt(BASE, HUGE);
        storeAll(process, BASE, HUGE);
        TestProcess child = process.fork();
        long page = child.pageAt(BASE);
        assertEquals(Errno.OK, collapse(BASE, HUGE));
        assertEquals(page, child.pageAt(BASE));
        assertNotEquals(page, process.pageAt(BASE));
        process.store(page(BASE, 5), 99);
        assertEquals(6, child.load(page(BASE, 5)));
        child.assertRow(BASE, HUGE, 1);
        assertTrue(isHuge(BASE), "a store needs no copy");
        child.store(page(BASE, 7), 1);
        assertEquals(page + 8, child.pageAt(page(BASE, 8)));
    }

    @Test
    void pinnedPageStaysAndTheNextPlaceIsTried() {
        process.mapAt(BASE, 2 * HUGE);
        process.store(BASE, 1);
        process.store(page(BASE, HUGE), 2);
        long[] pinned = new long[1];
        assertEquals(1, GetUserPages.pinFast(mm, BASE, 1, GupFlags.WRITE, pinned).count());
        Errno errno = mm.madvise(BASE, 2 * PageSize.PMD_SIZE, Advice.COLLAPSE);
        assertEquals(Errno.EAGAIN, errno);
        assertFalse(isHuge(BASE));
        assertTrue(isHuge(page(BASE, HUGE)));
        assertEquals(pinned[0], process.pageAt(BASE));
        machine.machine().unpin(pinned[0]);
        assertEquals(Errno.OK, collapse(BASE, HUGE));
        assertEquals(1, process.load(BASE));
    }

    @Test
    void lockedFolioIsNotWaitedFor() {
        process.mapAt(BASE, HUGE);
        process.store(BASE, 1);
        long page = process.pageAt(BASE);
        machine.folios().setFlag(page, FolioFlags.LOCKED);
        assertEquals(Errno.EAGAIN, mm.madvise(BASE, PageSize.PMD_SIZE, Advice.COLLAPSE));
        machine.folios().clearFlag(page, FolioFlags.LOCKED);
        machine.folios().clearFlag(page, FolioFlags.LRU);
        assertEquals(Errno.EAGAIN, mm.madvise(BASE, PageSize.PMD_SIZE, Advice.COLLAPSE));
        machine.folios().setFlag(page, FolioFlags.LRU);
        assertEquals(Errno.OK, collapse(BASE, HUGE));
    }

    @Test
    void guardedPageEndsTheWalk() {
        process.mapAt(BASE, 2 * HUGE);
        process.store(BASE, 1);
        process.store(page(BASE, HUGE), 2);
        Errno _ = mm.madvise(page(BASE, 3), PageSize.PAGE_SIZE, Advice.GUARD_INSTALL);
        assertEquals(Errno.EINVAL, collapse(BASE, 2 * HUGE));
        assertFalse(isHuge(BASE));
        assertFalse(isHuge(page(BASE, HUGE)));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(BASE, 3)));
    }

    @Test
    void readOnlyAndInaccessibleMemoryIsCollapsedAsItIs() {
        process.mapAt(BASE, HUGE);
        storeAll(process, BASE, 3);
        process.protect(BASE, HUGE, VmFlags.READ);
        assertEquals(Errno.OK, collapse(BASE, HUGE));
        assertFalse(PageTableEntry.isWritable(process.entry(BASE)));
        process.assertRow(BASE, 3, 1);
        process.protect(BASE, HUGE, 0);
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(BASE));
        process.mapAt(page(BASE, HUGE), HUGE);
        storeAll(process, page(BASE, HUGE), 3);
        process.protect(page(BASE, HUGE), HUGE, 0);
        assertEquals(Errno.OK, collapse(page(BASE, HUGE), HUGE));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(BASE, HUGE)));
        process.protect(page(BASE, HUGE), HUGE, TestProcess.READ_WRITE);
        process.assertRow(page(BASE, HUGE), 3, 1);
    }

    @Test
    void largeFolioThatIsMappedPageByPageIsCopiedToAFreshOne() {
        process.mapAt(BASE, HUGE);
        Errno _ = mm.madvise(BASE, PageSize.PMD_SIZE, Advice.HUGEPAGE);
        storeAll(process, BASE, HUGE);
        assertTrue(isHuge(BASE));
        long folio = process.pageAt(BASE);
        process.protect(page(BASE, 1), 1, VmFlags.READ);
        process.protect(page(BASE, 1), 1, TestProcess.READ_WRITE);
        assertFalse(isHuge(BASE));
        assertEquals(Errno.OK, collapse(BASE, HUGE));
        assertTrue(isHuge(BASE));
        assertNotEquals(folio, process.pageAt(BASE));
        process.assertRow(BASE, HUGE, 1);
        assertEquals(HUGE, machine.machine().usedPageCount());
    }

    @Test
    void mirrorsAreToldOfTheWholeTwoMebibytes() {
        process.mapAt(BASE, HUGE);
        process.store(BASE, 1);
        List<String> told = new ArrayList<>();
        Insertion insertion =
                mm.notifiers()
                        .insert(
                                page(BASE, 9),
                                PageSize.PAGE_SIZE,
                                (interval, range, sequence) -> {
                                    interval.setSequence(sequence);
                                    told.add(range.event() + " " + (range.end() - range.start()));
                                    return true;
                                });
        assertEquals(Errno.OK, collapse(BASE, HUGE));
        assertEquals(List.of(MmuNotifierRange.Event.CLEAR + " " + PageSize.PMD_SIZE), told);
        if (insertion instanceof Insertion.Inserted(MmuIntervalNotifier notifier)) {
            notifier.close();
        }
    }
}
