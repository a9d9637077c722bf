package farpage.mm.hugememory;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What advice, and calls like it, do with huge mappings and with parts of large folios.
final class HugeAdviceTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(8 * HUGE);
    private final FolioTable folios = machine.folios();
    private final TestProcess process = machine.newProcess();
    private final Mm mm = process.mm();

    private void advise(long address, int pageCount, Advice advice) {
        assertEquals(Errno.OK, mm.madvise(address, PageSize.pageAddress(pageCount), advice));
    }

    private long count(Event event) {
        return machine.machine().hugePages().counters().get(event);
    }

    /// 2 MiB mapped by one entry.
    private long mapHuge() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        assertTrue(process.isHuge(BASE));
        return process.pageAt(BASE);
    }

    /// The same folio, mapped by 512 entries.
    private long mapByPages() {
        long folio = mapHuge();
        process.protect(BASE, 1, VmFlags.READ);
        process.protect(BASE, 1, READ_WRITE);
        assertFalse(process.isHuge(BASE));
        assertTrue(folios.isLarge(folio));
        return folio;
    }

    private boolean isLazyFree(long address) {
        long entry = process.entry(address);
        return !PageTableEntry.isDirty(entry)
                && !PageTableEntry.isYoung(entry)
                && !folios.hasFlag(PageTableEntry.page(entry), FolioFlags.SWAPBACKED);
    }

    // MADV_FREE.

    @Test
    void freeOfAHugeMappingMarksTheFolioAndKeepsTheMapping() {
        long folio = mapHuge();
        advise(BASE, HUGE, Advice.FREE);
        assertTrue(process.isHuge(BASE));
        assertTrue(isLazyFree(page(BASE, 7)));
        assertTrue(PageTableEntry.isWritable(process.entry(BASE)));
        assertEquals(HUGE, machine.machine().vmStat().get(VmStat.Event.PGLAZYFREE));
        assertEquals(folio, process.pageAt(BASE));
        process.assertHuge(BASE);
    }

    @Test
    void freeOfAPartSplitsTheFolioAndMarksThatPart() {
        long folio = mapHuge();
        advise(page(BASE, 3), 2, Advice.FREE);
        assertEquals(1, count(Event.SPLIT_PAGE));
        assertEquals(0, folios.order(folio));
        assertFalse(isLazyFree(page(BASE, 2)));
        assertTrue(isLazyFree(page(BASE, 3)));
        assertTrue(isLazyFree(page(BASE, 4)));
        assertFalse(isLazyFree(page(BASE, 5)));
        assertEquals(2, machine.machine().vmStat().get(VmStat.Event.PGLAZYFREE));
        assertEquals(folio + 4, process.pageAt(page(BASE, 4)));
        process.assertHuge(BASE);
    }

    @Test
    void freeOfAWholeFolioThatEntriesMapKeepsIt() {
        long folio = mapByPages();
        advise(BASE, HUGE, Advice.FREE);
        assertEquals(0, count(Event.SPLIT_PAGE));
        assertTrue(folios.isLarge(folio));
        assertTrue(isLazyFree(BASE));
        assertTrue(isLazyFree(page(BASE, HUGE - 1)));
        process.assertHuge(BASE);
    }

    @Test
    void freeOfAPartOfAFolioThatEntriesMapSplitsIt() {
        mapByPages();
        advise(page(BASE, HUGE - 1), 1, Advice.FREE);
        assertEquals(1, count(Event.SPLIT_PAGE));
        assertTrue(isLazyFree(page(BASE, HUGE - 1)));
        assertFalse(isLazyFree(BASE));
        process.assertHuge(BASE);
    }

    @ParameterizedTest
    @EnumSource(names = {"FREE", "COLD", "PAGEOUT"})
    void folioThatAChildMapsTooStaysAsItIs(Advice advice) {
        mapHuge();
        TestProcess child = process.fork();
        long before = process.entry(page(BASE, 9));
        advise(BASE, HUGE, advice);
        advise(page(BASE, 9), 1, advice);
        assertTrue(process.isHuge(BASE));
        assertTrue(child.isHuge(BASE));
        assertEquals(before, process.entry(page(BASE, 9)));
        assertEquals(0, count(Event.SPLIT_PAGE));
    }

    @ParameterizedTest
    @EnumSource(names = {"FREE", "COLD", "PAGEOUT"})
    void partOfAFolioThatAChildMapsSomewhereStaysToo(Advice advice) {
        long folio = mapByPages();
        TestProcess child = process.fork();
        child.unmap(page(BASE, 1), HUGE - 1);
        advise(page(BASE, 9), 1, advice);
        assertTrue(folios.isLarge(folio));
        assertTrue(PageTableEntry.isYoung(process.entry(page(BASE, 9))));
        child.unmap(BASE, 1);
        advise(page(BASE, 9), 1, advice);
        assertFalse(folios.isLarge(folio));
    }

    @ParameterizedTest
    @EnumSource(names = {"FREE", "COLD", "PAGEOUT"})
    void pinnedFolioIsNotSplit(Advice advice) {
        long folio = mapHuge();
        long[] pinned = new long[1];
        assertEquals(1, GetUserPages.pinFast(mm, page(BASE, 5), 1, GupFlags.WRITE, pinned).count());
        advise(page(BASE, 3), 2, advice);
        assertTrue(process.isHuge(BASE));
        assertEquals(1, count(Event.SPLIT_PAGE_FAILED));
        GetUserPages.unpin(machine.machine(), pinned, 1, true);
        advise(page(BASE, 3), 2, advice);
        assertEquals(0, folios.order(folio));
        process.assertHuge(BASE);
    }

    @ParameterizedTest
    @EnumSource(names = {"FREE", "COLD", "PAGEOUT"})
    void hugeZeroPageStaysAsItIs(Advice advice) {
        process.mapHugeAt(BASE, 1);
        assertEquals(0, process.load(page(BASE, 3)));
        advise(BASE, HUGE, advice);
        advise(page(BASE, 3), 1, advice);
        assertTrue(process.isHuge(BASE));
        assertEquals(0, count(Event.SPLIT_PMD));
    }

    @ParameterizedTest
    @EnumSource(names = {"FREE", "COLD"})
    void folioThatLiesInTwoPlacesIsSplitInBoth(Advice advice) {
        long folio = mapByPages();
        long far = BASE + 8 * PageSize.PMD_SIZE + PageSize.PAGE_SIZE;
        moveTo(page(BASE, 100), 100, far);
        assertTrue(folios.isLarge(folio));
        advise(BASE, 1, advice);
        assertEquals(0, folios.order(folio));
        assertEquals(folio + 100, process.pageAt(far));
        assertEquals(1, process.load(far));
    }

    private void moveTo(long from, int pageCount, long to) {
        long length = PageSize.pageAddress(pageCount);
        int flags = farpage.mm.MremapFlags.MAYMOVE | farpage.mm.MremapFlags.FIXED;
        assertEquals(to, mm.mremap(from, length, length, flags, to).address());
    }

    // MADV_COLD, MADV_PAGEOUT.

    @Test
    void coldHugeMappingIsOldAndStays() {
        long folio = mapHuge();
        folios.setFlag(folio, FolioFlags.ACTIVE | FolioFlags.REFERENCED);
        advise(BASE, HUGE, Advice.COLD);
        assertTrue(process.isHuge(BASE));
        assertFalse(PageTableEntry.isYoung(process.entry(BASE)));
        assertTrue(PageTableEntry.isDirty(process.entry(BASE)));
        assertFalse(folios.hasFlag(folio, FolioFlags.ACTIVE | FolioFlags.REFERENCED));
        assertEquals(HUGE, machine.machine().vmStat().get(VmStat.Event.PGDEACTIVATE));
    }

    @Test
    void coldPartIsSplitFromItsFolio() {
        long folio = mapHuge();
        advise(page(BASE, 3), 2, Advice.COLD);
        assertEquals(0, folios.order(folio));
        assertTrue(PageTableEntry.isYoung(process.entry(page(BASE, 2))));
        assertFalse(PageTableEntry.isYoung(process.entry(page(BASE, 3))));
        process.assertHuge(BASE);
    }

    @Test
    void coldWholeFolioThatEntriesMapStaysLarge() {
        long folio = mapByPages();
        advise(BASE, HUGE, Advice.COLD);
        assertTrue(folios.isLarge(folio));
        assertFalse(PageTableEntry.isYoung(process.entry(page(BASE, 300))));
    }

    // clear_refs.

    @Test
    void clearedReferencesMakeAHugeMappingOld() {
        long folio = mapHuge();
        folios.setFlag(folio, FolioFlags.REFERENCED);
        assertEquals(Errno.OK, mm.clearRefs(1));
        assertTrue(process.isHuge(BASE));
        assertFalse(PageTableEntry.isYoung(process.entry(page(BASE, 8))));
        assertFalse(folios.hasFlag(folio, FolioFlags.REFERENCED));
        assertEquals(9, process.load(page(BASE, 8)));
        assertTrue(PageTableEntry.isYoung(process.entry(page(BASE, 100))));
    }

    @Test
    void clearedSoftDirtyBitOfAHugeMappingIsSetByAStoreToAnyPage() {
        long folio = mapHuge();
        assertEquals(Errno.OK, mm.clearRefs(4));
        assertTrue(process.isHuge(BASE));
        assertFalse(PageTableEntry.isWritable(process.entry(BASE)));
        assertFalse(PageTableEntry.isSoftDirty(process.entry(BASE)));
        process.store(page(BASE, 77), 5);
        assertTrue(process.isHuge(BASE));
        assertEquals(folio, process.pageAt(BASE));
        assertTrue(PageTableEntry.isSoftDirty(process.entry(BASE)));
    }

    // Guards.

    @Test
    void guardInAHugeMappingCutsItAndTakesItsPages() {
        long folio = mapHuge();
        advise(page(BASE, 5), 1, Advice.GUARD_INSTALL);
        assertFalse(process.isHuge(BASE));
        assertTrue(folios.isLarge(folio));
        assertEquals(Shape.MARKER, process.shape(page(BASE, 5)));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(BASE, 5)));
        assertEquals(HUGE - 1, mm.rss(RssCounter.ANON));
        assertEquals(1 + 6, process.load(page(BASE, 6)));
    }

    @Test
    void guardsOverAllOfAHugeMappingLeaveATable() {
        mapHuge();
        advise(BASE, HUGE, Advice.GUARD_INSTALL);
        assertEquals(0, mm.rss(RssCounter.ANON));
        advise(BASE, HUGE, Advice.GUARD_REMOVE);
        process.store(page(BASE, 3), 3);
        assertFalse(process.isHuge(BASE));
        assertEquals(1, mm.rss(RssCounter.ANON));
    }

    // Populating.

    @Test
    void populatedReadMapsTheHugeZeroPageAndPopulatedWriteAFolio() {
        process.mapHugeAt(BASE, 1);
        advise(page(BASE, 7), 1, Advice.POPULATE_READ);
        assertTrue(process.isHuge(BASE));
        assertTrue(PageTableEntry.isSpecial(process.entry(BASE)));
        assertEquals(0, mm.rss(RssCounter.ANON));
        advise(page(BASE, 7), 1, Advice.POPULATE_WRITE);
        assertTrue(process.isHuge(BASE));
        assertTrue(PageTableEntry.isWritable(process.entry(BASE)));
        assertEquals(HUGE, mm.rss(RssCounter.ANON));
    }

    @Test
    void populatedWriteOfAFolioSharedWithAChildCopiesPageByPage() {
        long folio = mapHuge();
        TestProcess child = process.fork();
        advise(page(BASE, 10), 20, Advice.POPULATE_WRITE);
        assertFalse(process.isHuge(BASE));
        assertTrue(child.isHuge(BASE));
        assertEquals(folio + 9, process.pageAt(page(BASE, 9)));
        for (int i = 10; i < 30; i++) {
            assertNotEquals(folio + i, process.pageAt(page(BASE, i)));
            assertTrue(PageTableEntry.isWritable(process.entry(page(BASE, i))));
        }
        assertEquals(folio + 30, process.pageAt(page(BASE, 30)));
        process.assertHuge(BASE);
        child.assertHuge(BASE);
    }

    // mlock.

    @Test
    void lockedMemoryIsPopulatedByHugePages() {
        process.mapHugeAt(BASE, 2);
        assertEquals(Errno.OK, mm.mlock(BASE, 2 * PageSize.PMD_SIZE));
        assertTrue(process.isHuge(BASE));
        assertTrue(process.isHuge(BASE + PageSize.PMD_SIZE));
        assertEquals(2 * HUGE, mm.rss(RssCounter.ANON));
        assertEquals(2, count(Event.FAULT_ALLOC));
    }

    @Test
    void lockOfAPartCutsTheMappingButNotTheFolio() {
        long folio = mapHuge();
        assertEquals(Errno.OK, mm.mlock(page(BASE, 4), PageSize.PAGE_SIZE));
        assertFalse(process.isHuge(BASE));
        assertTrue(folios.isLarge(folio));
        assertEquals(folio + 4, process.pageAt(page(BASE, 4)));
        process.assertHuge(BASE);
    }

    @Test
    void lockOfOnePageOfUntouchedMemoryPopulatesThatPageAlone() {
        process.mapHugeAt(BASE, 1);
        assertEquals(Errno.OK, mm.mlock(page(BASE, 4), PageSize.PAGE_SIZE));
        assertFalse(process.isHuge(BASE));
        assertEquals(1, mm.rss(RssCounter.ANON));
    }

    // mincore.

    @Test
    void hugeMappingsAreInCore() {
        process.mapHugeAt(BASE, 3);
        process.store(BASE, 1);
        assertEquals(0, process.load(BASE + PageSize.PMD_SIZE));
        byte[] answer = new byte[3 * HUGE];
        assertEquals(Errno.OK, mm.mincore(BASE, 3 * PageSize.PMD_SIZE, answer));
        for (int i = 0; i < answer.length; i++) {
            assertEquals(i < 2 * HUGE ? 1 : 0, answer[i], "page " + i);
        }
    }
}
