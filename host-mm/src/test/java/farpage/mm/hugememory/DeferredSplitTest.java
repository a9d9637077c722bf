package farpage.mm.hugememory;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.hugememory.HugePageCounters.SizeEvent;
import farpage.mm.hugememory.HugePages.Enabled;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Large folios of which a part is mapped no more: when they are noted, and what becomes of them
/// when memory is short.
final class DeferredSplitTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;

    @RegisterExtension final TestMachine machine = new TestMachine(6 * HUGE);
    private final FolioTable folios = machine.folios();
    private final TestProcess process = machine.newProcess();
    private final HugePages hugePages = machine.machine().hugePages();

    private long noted() {
        machine.check();
        return hugePages.counters().get(Event.DEFERRED_SPLIT_PAGE);
    }

    private boolean isWaiting(long page) {
        return folios.hasFlag(page, FolioFlags.PARTIALLY_MAPPED);
    }

    private long mapHuge() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        return process.pageAt(BASE);
    }

    @Test
    void folioIsNotedOnceWhenAPageLosesItsLastMapping() {
        long folio = mapHuge();
        process.unmap(page(BASE, 3), 1);
        assertEquals(1, noted());
        assertTrue(isWaiting(folio));
        process.unmap(page(BASE, 8), 100);
        assertEquals(1, noted());
        assertEquals(1, hugePages.counters().get(SizeEvent.SPLIT_DEFERRED, ORDER));
        assertEquals(HUGE, machine.machine().usedPageCount(), "it keeps all its pages");
        process.unmap(BASE, HUGE);
        assertEquals(0, machine.machine().usedPageCount());
        assertEquals(1, noted());
    }

    @Test
    void folioThatLosesAllItsMappingsAtOnceIsNotNoted() {
        mapHuge();
        process.protect(BASE, HUGE / 2, VmFlags.READ);
        process.protect(BASE, HUGE / 2, READ_WRITE);
        assertFalse(process.isHuge(BASE));
        process.unmap(BASE, HUGE);
        assertEquals(0, noted());
    }

    @Test
    void pageThatAChildStillMapsIsNotUnmapped() {
        long folio = mapHuge();
        TestProcess child = process.fork();
        process.unmap(BASE, 10);
        assertEquals(0, noted());
        child.store(page(BASE, 20), 1);
        assertEquals(0, noted());
        child.mm().exit();
        assertTrue(isWaiting(folio));
        assertEquals(1, noted());
    }

    @Test
    void copyOnWriteOfAPageThatNobodyElseMapsNotesItsFolio() {
        mapHuge();
        TestProcess child = process.fork();
        process.store(page(BASE, 5), 1);
        assertEquals(0, noted());
        child.store(page(BASE, 5), 2);
        assertEquals(1, noted());
    }

    @Test
    void smallerSizesAreCountedByThemselves() {
        hugePages.setEnabled(4, Enabled.MADVISE);
        hugePages.setEnabled(ORDER, Enabled.NEVER);
        process.mapHugeAt(BASE, 1);
        process.store(BASE, 1);
        long folio = process.pageAt(BASE);
        assertEquals(4, folios.order(folio));
        process.unmap(page(BASE, 15), 1);
        assertTrue(isWaiting(folio));
        assertEquals(1, hugePages.counters().get(SizeEvent.SPLIT_DEFERRED, 4));
        assertEquals(0, noted());
    }

    /// Without swap nothing else could be freed.
    @Test
    void shortMemoryGetsTheUnmappedPagesBack() {
        for (int i = 0; i < 4; i++) {
            process.mapHugeAt(BASE + i * PageSize.PMD_SIZE, 1);
            process.storeHuge(BASE + i * PageSize.PMD_SIZE);
            process.unmap(page(BASE, i * HUGE + HUGE / 2), HUGE / 2);
        }
        assertEquals(4, noted());
        long other = process.map(HUGE * 2);
        process.storeRow(other, HUGE * 2, 1);
        assertTrue(hugePages.counters().get(Event.SPLIT_PAGE) > 0);
        machine.check();
        process.assertRow(other, HUGE * 2, 1);
        for (int i = 0; i < 4; i++) {
            for (int page = 0; page < HUGE / 2; page++) {
                assertEquals(1 + page % 100, process.load(page(BASE, i * HUGE + page)));
            }
        }
    }

    @Test
    void folioThatSomebodyHoldsWaitsOn() {
        long folio = mapHuge();
        process.unmap(page(BASE, 1), HUGE - 1);
        folios.get(folio);
        DeferredSplit deferred = hugePages.deferredSplit();
        assertEquals(0, deferred.split(null, HUGE));
        assertTrue(isWaiting(folio));
        assertTrue(deferred.isAny());
        machine.machine().put(folio);
        assertEquals(HUGE - 1, deferred.split(null, HUGE));
        assertFalse(deferred.isAny());
        assertEquals(1, machine.machine().usedPageCount());
        assertEquals(1, process.load(BASE));
    }

    /// Its mapping goes at once, and is made anew page by page.
    @Test
    void splitOfAWholeFolioDoesNotNoteIt() {
        long folio = mapHuge();
        folios.get(folio);
        folios.lock(folio);
        assertTrue(new SplitFolio(machine.machine()).split(folio, 0));
        folios.unlock(folio);
        machine.machine().put(folio);
        assertEquals(0, noted());
        process.assertHuge(BASE);
    }

    @Test
    void folioThatWasFreedIsForgotten() {
        mapHuge();
        process.unmap(page(BASE, 1), 1);
        process.unmap(BASE, HUGE);
        DeferredSplit deferred = hugePages.deferredSplit();
        assertTrue(deferred.isAny());
        assertEquals(0, deferred.split(null, 1));
        assertFalse(deferred.isAny());
    }

    @Test
    void collapseCopiesOutOfAFolioThatAChildMapsInPart() {
        long folio = mapHuge();
        TestProcess child = process.fork();
        child.unmap(page(BASE, 5), HUGE - 5);
        process.protect(BASE, 1, VmFlags.READ);
        process.protect(BASE, 1, READ_WRITE);
        assertEquals(0, noted());
        assertEquals(Errno.OK, process.mm().madvise(BASE, PageSize.PMD_SIZE, Advice.COLLAPSE));
        assertEquals(1, noted());
        assertTrue(isWaiting(folio));
        process.assertHuge(BASE);
        child.assertRow(BASE, 5, 1);
    }
}
