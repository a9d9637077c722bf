package farpage.mm.memoryfailure;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// One broken page of a large folio: the others stay usable.
final class LargeFolioFailureTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(4 * HUGE);
    private final TestProcess process = machine.newProcess();

    private long mapHuge() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        return process.pageAt(BASE);
    }

    private Outcome fail(long page) {
        return machine.machine().memoryFailure().fail(page);
    }

    private void assertOnlyBroken(TestProcess reader, int broken) {
        for (int page = 0; page < HUGE; page++) {
            if (page == broken) {
                assertEquals(FaultResult.HWPOISON, reader.tryLoad(page(BASE, page)));
            } else {
                assertEquals(1 + page % 100, reader.load(page(BASE, page)));
            }
        }
    }

    @Test
    void folioIsCutAndTheBrokenPageTakenFromEveryProcess() {
        long folio = mapHuge();
        TestProcess child = process.fork();
        Outcome outcome = fail(folio + 7);
        assertEquals(new Outcome(Errno.OK, BrokenPage.DIRTY_LRU, Recovery.RECOVERED), outcome);
        machine.check();
        assertFalse(machine.folios().isLarge(folio));
        assertEquals(Shape.HWPOISON, process.shape(page(BASE, 7)));
        assertEquals(HUGE - 1, process.mm().rss(RssCounter.ANON));
        assertOnlyBroken(process, 7);
        assertOnlyBroken(child, 7);
        assertEquals(1, machine.machine().memoryFailure().poisonedPageCount());
    }

    @Test
    void folioThatSomebodyHoldsCanNotBeCut() {
        long folio = mapHuge();
        long[] pinned = new long[1];
        assertEquals(
                1, GetUserPages.pinFast(process.mm(), BASE, 1, GupFlags.WRITE, pinned).count());
        Outcome outcome = fail(folio + 300);
        assertEquals(
                new Outcome(Errno.EHWPOISON, BrokenPage.UNSPLIT_THP, Recovery.FAILED), outcome);
        assertTrue(process.isHuge(BASE));
        assertOnlyBroken(process, 300);
        GetUserPages.unpin(machine.machine(), pinned, 1, false);
        machine.check();
        int free = machine.machine().ram().freePageCount();
        process.unmap(BASE, HUGE);
        assertEquals(free + HUGE - 1, machine.machine().ram().freePageCount());
        assertTrue(machine.folios().hasFlag(folio + 300, FolioFlags.HWPOISON));
        machine.check();
    }
}
