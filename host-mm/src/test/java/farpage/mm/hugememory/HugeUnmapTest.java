package farpage.mm.hugememory;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.MremapFlags;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.fault.FaultResult;
import farpage.mm.inspect.HugePagesDump;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What is left of huge mappings, large folios and page tables when parts of them are unmapped.
final class HugeUnmapTest {
    private static final long BASE = 1L << 36;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(8192);
    private final TestProcess process = machine.newProcess();
    private final long address = process.mapHugeAt(BASE, 4);
    private final HugePageCounters counters = machine.machine().hugePages().counters();

    private void dontNeed(long from, int pageCount) {
        long length = PageSize.pageAddress(pageCount);
        assertEquals(Errno.OK, process.mm().madvise(from, length, Advice.DONTNEED));
    }

    /// Makes a table of the huge mapping at an address, which stays whole otherwise.
    private void cut(long at) {
        process.protect(page(at, 9), 1, 0);
        process.protect(page(at, 9), 1, TestProcess.READ_WRITE);
        assertFalse(process.isHuge(at));
    }

    private long deferred() {
        return counters.get(HugePageCounters.Event.DEFERRED_SPLIT_PAGE);
    }

    @Test
    void tableOfWhichAllIsDroppedAtOnceGoesAndTheNextStoreIsHuge() {
        process.storeHuge(address);
        cut(address);
        dontNeed(address, PAGES);
        assertEquals(0, process.mm().pageTable().tableCount());
        process.store(address, 1);
        assertTrue(process.isHuge(address));
    }

    @Test
    void tableThatIsEmptiedByHalvesStaysAndTheNextStoreIsSmall() {
        process.storeHuge(address);
        dontNeed(address, PAGES / 2);
        dontNeed(page(address, PAGES / 2), PAGES / 2);
        assertEquals(1, process.mm().pageTable().tableCount());
        process.store(address, 1);
        assertFalse(process.isHuge(address));
        assertEquals(1, process.mm().rss(RssCounter.ANON));
    }

    @Test
    void moveOfUntouchedPartOfATableMakesATableWhereItGoes() {
        process.store(page(address, 7), 1);
        cut(address);
        dontNeed(page(address, 100), 50);
        long target = page(address, 2 * PAGES);
        assertTrue(
                process.mm()
                        .mremap(
                                page(address, 100),
                                PageSize.pageAddress(50),
                                PageSize.pageAddress(50),
                                MremapFlags.MAYMOVE | MremapFlags.FIXED,
                                page(target, 100))
                        .errno()
                        .isOk());
        assertEquals(2, process.mm().pageTable().tableCount());
    }

    @Test
    void childHasATableWhereItsParentHasOneEvenIfItIsEmpty() {
        process.storeHuge(address);
        dontNeed(address, PAGES / 2);
        dontNeed(page(address, PAGES / 2), PAGES / 2);
        TestProcess child = process.fork();
        child.store(address, 1);
        assertFalse(child.isHuge(address));
        child.mm().exit();
    }

    @Test
    void folioOfWhichSomePagesAreUnmappedIsPartiallyMappedOnce() {
        process.storeHuge(address);
        dontNeed(page(address, 3), 1);
        assertEquals(1, deferred());
        dontNeed(page(address, 5), 1);
        assertEquals(1, deferred());
        String text = HugePagesDump.text(machine.machine());
        assertTrue(text.contains("hugepages-2048kB/stats/nr_anon_partially_mapped 1\n"), text);
        assertTrue(text.contains("hugepages-2048kB/stats/split_deferred 1\n"), text);
    }

    @Test
    void folioThatIsUnmappedInOneGoWasNeverPartiallyMapped() {
        process.storeHuge(address);
        dontNeed(address, PAGES);
        process.storeHuge(address);
        cut(address);
        dontNeed(address, PAGES);
        assertEquals(0, deferred());
    }

    @Test
    void pageThatAnotherProcessStillMapsIsNotUnmapped() {
        process.storeHuge(address);
        TestProcess child = process.fork();
        child.store(page(address, 5), 1);
        assertEquals(0, deferred());
        dontNeed(page(address, 7), 1);
        assertEquals(0, deferred());
        // The last huge mapping of the two is cut; the child's mappings keep all pages but the
        // fifth, and that one is the parent's.
        dontNeed(page(address, 5), 1);
        assertEquals(1, deferred());
        child.mm().exit();
    }

    @Test
    void storeToAPageOfASharedFolioLeavesItPartiallyMappedWhenTheOtherGoes() {
        process.storeHuge(address);
        TestProcess child = process.fork();
        process.store(page(address, 7), 1);
        assertEquals(0, deferred());
        child.mm().exit();
        assertEquals(1, deferred());
    }

    @Test
    void folioThatIsSplitFromItsHugeMappingOrCollapsedAtOnceWasNeverPartiallyMapped() {
        process.storeHuge(address);
        assertEquals(Errno.OK, process.mm().madvise(page(address, 5), 4096, Advice.FREE));
        assertEquals(1, counters.get(HugePageCounters.Event.SPLIT_PAGE));
        long second = page(address, PAGES);
        process.storeHuge(second);
        cut(second);
        assertEquals(Errno.OK, process.mm().madvise(second, PageSize.PMD_SIZE, Advice.COLLAPSE));
        assertTrue(process.isHuge(second));
        assertEquals(0, deferred());
    }

    @Test
    void pieceOfTheHugeZeroPageThatNobodyMayReadStaysSo() {
        assertEquals(0, process.load(address));
        process.protect(address, PAGES, 0);
        process.unmap(page(address, 100), 1);
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(address));
        process.protect(address, 50, TestProcess.READ_WRITE);
        assertEquals(0, process.load(address));
    }
}
