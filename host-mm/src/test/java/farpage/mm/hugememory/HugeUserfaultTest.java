package farpage.mm.hugememory;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import farpage.mm.userfaultfd.UffdModes;
import farpage.mm.userfaultfd.UffdResult;
import farpage.mm.userfaultfd.Userfaultfd;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Missing pages, moved pages and protected pages where memory asks for huge pages.
final class HugeUserfaultTest {
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;
    private static final long SOURCE = 0x20000000L;
    private static final long TARGET = 0x40000000L;

    @RegisterExtension final TestMachine machine = new TestMachine(8 * HUGE);
    private final FolioTable folios = machine.folios();
    private final TestProcess process = machine.newProcess();
    private final Mm mm = process.mm();
    private final Userfaultfd uffd = Userfaultfd.open(mm);

    private void register(long address, int modes) {
        assertEquals(Errno.OK, uffd.register(address, PageSize.PMD_SIZE, modes));
    }

    /// A huge page at the source, and nothing at the target.
    private long prepareMove() {
        process.mapHugeAt(SOURCE, 1);
        process.storeHuge(SOURCE);
        process.mapHugeAt(TARGET, 1);
        register(TARGET, UffdModes.REGISTER_MISSING);
        return process.pageAt(SOURCE);
    }

    private UffdResult move(int from, int pageCount) {
        return uffd.move(
                page(TARGET, from), page(SOURCE, from), PageSize.pageAddress(pageCount), 0);
    }

    private static UffdResult done(int pageCount) {
        return new UffdResult(Errno.OK, PageSize.pageAddress(pageCount));
    }

    private static UffdResult refused(Errno errno) {
        return new UffdResult(errno, 0);
    }

    private long count(Event event) {
        return machine.machine().hugePages().counters().get(event);
    }

    @Test
    void faultInARegisteredRangeIsReportedAndItsAnswerIsASmallPage() {
        process.mapHugeAt(TARGET, 1);
        register(TARGET, UffdModes.REGISTER_MISSING);
        TestProcess other = new TestProcess(mm);
        Agent<Integer> load = Agent.start(() -> other.load(page(TARGET, 3)));
        load.awaitWaiting();
        MemorySegment bytes = MemorySegment.ofArray(new byte[PageSize.PAGE_SIZE]).fill((byte) 9);
        assertEquals(done(1), uffd.copy(page(TARGET, 3), bytes, PageSize.PAGE_SIZE, 0));
        assertEquals(9, load.finish());
        assertFalse(process.isHuge(TARGET));
        assertEquals(0, count(Event.FAULT_ALLOC));
    }

    @Test
    void pageIsNotPutWhereAHugePageIs() {
        process.mapHugeAt(TARGET, 1);
        process.storeHuge(TARGET);
        register(TARGET, UffdModes.REGISTER_MISSING);
        MemorySegment bytes = MemorySegment.ofArray(new byte[PageSize.PAGE_SIZE]);
        assertEquals(
                refused(Errno.EEXIST), uffd.copy(page(TARGET, 3), bytes, PageSize.PAGE_SIZE, 0));
        assertEquals(refused(Errno.EEXIST), uffd.zeroPage(page(TARGET, 3), PageSize.PAGE_SIZE, 0));
        assertTrue(process.isHuge(TARGET));
    }

    @Test
    void hugeMappingMovesWhole() {
        long folio = prepareMove();
        try (EventLog mirror = new EventLog(mm)) {
            assertEquals(done(HUGE), move(0, HUGE));
            assertEquals(
                    List.of(
                            MmuNotifierRange.of(
                                    MmuNotifierRange.Event.CLEAR,
                                    SOURCE,
                                    SOURCE + PageSize.PMD_SIZE)),
                    mirror.take());
        }
        assertTrue(process.isHuge(TARGET));
        assertEquals(folio, process.pageAt(TARGET));
        assertEquals(Shape.NONE, process.shape(SOURCE));
        assertEquals(0, count(Event.SPLIT_PMD));
        assertEquals(HUGE, mm.anonymousPageCount());
        process.assertHuge(TARGET);
        process.store(SOURCE, 1);
        assertTrue(process.isHuge(SOURCE), "no table is left behind");
    }

    @Test
    void partOfAHugeMappingMovesAsSmallPages() {
        long folio = prepareMove();
        assertEquals(done(2), move(5, 2));
        assertFalse(process.isHuge(SOURCE));
        assertEquals(0, folios.order(folio));
        assertEquals(folio + 6, process.pageAt(page(TARGET, 6)));
        assertEquals(7, process.load(page(TARGET, 6)));
        assertEquals(Shape.NONE, process.shape(page(SOURCE, 5)));
        assertEquals(8, process.load(page(SOURCE, 7)));
    }

    @Test
    void hugeMappingIsCutWhereItsNewPlaceHasATable() {
        long folio = prepareMove();
        assertEquals(done(1), move(0, 1));
        assertFalse(process.isHuge(TARGET));
        assertEquals(folio, process.pageAt(TARGET));
    }

    @Test
    void hugeMappingDoesNotMoveOntoAnother() {
        prepareMove();
        assertEquals(Errno.OK, uffd.unregister(TARGET, PageSize.PMD_SIZE));
        process.store(TARGET, 1);
        register(TARGET, UffdModes.REGISTER_MISSING);
        assertEquals(refused(Errno.EEXIST), move(0, HUGE));
        assertEquals(refused(Errno.EEXIST), move(3, 1));
        assertTrue(process.isHuge(SOURCE));
        process.assertHuge(SOURCE);
    }

    @Test
    void sharedOrPinnedFolioDoesNotMove() {
        prepareMove();
        long[] pinned = new long[1];
        assertEquals(1, GetUserPages.pinFast(mm, SOURCE, 1, GupFlags.WRITE, pinned).count());
        assertEquals(refused(Errno.EBUSY), move(0, HUGE));
        assertEquals(refused(Errno.EBUSY), move(3, 1));
        GetUserPages.unpin(machine.machine(), pinned, 1, true);
        TestProcess child = process.fork();
        assertEquals(refused(Errno.EBUSY), move(0, HUGE));
        child.mm().exit();
        assertEquals(refused(Errno.EBUSY), move(0, HUGE));
        process.store(SOURCE, 1);
        assertEquals(done(1), move(0, 1));
    }

    @Test
    void hugeZeroPageMovesWholeAndInParts() {
        process.mapHugeAt(SOURCE, 1);
        process.mapHugeAt(TARGET, 1);
        register(TARGET, UffdModes.REGISTER_MISSING);
        assertEquals(0, process.load(SOURCE));
        assertEquals(done(HUGE), move(0, HUGE));
        assertTrue(process.isHuge(TARGET));
        assertEquals(0, process.load(SOURCE));
        assertEquals(Errno.OK, mm.munmap(TARGET, PageSize.PMD_SIZE));
        process.mapHugeAt(TARGET, 1);
        register(TARGET, UffdModes.REGISTER_MISSING);
        assertEquals(done(1), move(3, 1));
        assertTrue(PageTableEntry.isSpecial(process.entry(page(TARGET, 3))));
        assertEquals(machine.machine().zeroPage(), process.pageAt(page(TARGET, 3)));
    }

    @Test
    void hugeMappingIsProtectedWholeAndCutForAPart() {
        process.mapHugeAt(TARGET, 1);
        process.storeHuge(TARGET);
        register(TARGET, UffdModes.REGISTER_WP);
        assertEquals(
                Errno.OK, uffd.writeProtect(TARGET, PageSize.PMD_SIZE, UffdModes.WRITEPROTECT_WP));
        assertTrue(process.isHuge(TARGET));
        assertTrue(PageTableEntry.isUffdWp(process.entry(page(TARGET, 9))));
        TestProcess other = new TestProcess(mm);
        Agent<Integer> store =
                Agent.start(() -> {
                    other.store(page(TARGET, 9), 77);
                    return 0;
                });
        store.awaitWaiting();
        assertEquals(Errno.OK, uffd.writeProtect(page(TARGET, 9), PageSize.PAGE_SIZE, 0));
        store.finish();
        assertFalse(process.isHuge(TARGET));
        assertTrue(PageTableEntry.isUffdWp(process.entry(page(TARGET, 8))));
        assertFalse(PageTableEntry.isUffdWp(process.entry(page(TARGET, 9))));
        assertEquals(77, process.load(page(TARGET, 9)));
        assertEquals(9, process.load(page(TARGET, 8)));
    }
}
