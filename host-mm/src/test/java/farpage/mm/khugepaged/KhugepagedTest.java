package farpage.mm.khugepaged;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.hugememory.HugePageCounters.Event;
import farpage.mm.hugememory.HugePages.Enabled;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Turns of `khugepaged`: where it collapses, and what its limits keep it from.
final class KhugepagedTest {
    private static final long BASE = 0x40000000L;
    private static final int HUGE = PageSize.ENTRIES_PER_TABLE;

    @RegisterExtension final TestMachine machine = new TestMachine(8192);
    private final TestDevice device = machine.newDevice(128);
    private final TestProcess process = machine.newProcess();
    private final Khugepaged khugepaged = machine.machine().khugepaged();

    @BeforeEach
    void map() {
        process.mapAt(BASE, 2 * HUGE);
        process.storeRow(BASE, 64, 1);
        advise(process, Advice.HUGEPAGE);
    }

    private static void advise(TestProcess process, Advice advice) {
        assertEquals(Errno.OK, process.mm().madvise(BASE, 2 * PageSize.PMD_SIZE, advice));
    }

    private static boolean isHuge(TestProcess process, long address) {
        PageTableLeaf leaf = process.mm().pageTable().lookupLeaf(address);
        return leaf != null && leaf.isHugeAcquire();
    }

    private boolean collapses() {
        khugepaged.scanAll();
        machine.check();
        process.assertRow(BASE, 64, 1);
        return isHuge(process, BASE);
    }

    @Test
    void advisedMemoryBecomesHugeWhenAskedForAndNotBefore() {
        process.store(BASE, 1);
        assertFalse(isHuge(process, BASE));
        assertTrue(collapses());
        assertFalse(isHuge(process, page(BASE, HUGE)), "nothing was ever mapped there");
        assertEquals(1, khugepaged.pagesCollapsed());
        assertEquals(1, khugepaged.fullScans());
        assertEquals(1, machine.machine().hugePages().counters().get(Event.COLLAPSE_ALLOC));
    }

    @Test
    void memoryThatMayNotBeHugeIsPassedOver() {
        advise(process, Advice.NOHUGEPAGE);
        assertFalse(collapses());
        advise(process, Advice.HUGEPAGE);
        machine.machine().hugePages().setEnabled(PageSize.HPAGE_PMD_ORDER, Enabled.NEVER);
        assertFalse(collapses());
    }

    @Test
    @Tag("T-3.15")
    void fewPagesOnADeviceAreBroughtInAndManyAreLeftThere() {
        process.storeRow(page(BASE, 64), HUGE - 64, 65);
        assertEquals(65, device.pull(process, BASE, 65));
        khugepaged.scanAll();
        assertFalse(isHuge(process, BASE));
        assertEquals(63, device.freePageCount());
        assertEquals(1, process.load(BASE));
        assertTrue(collapses());
        assertEquals(128, device.freePageCount());
    }

    @Test
    void pagesThatNobodyUsedLatelyAreNotWorthIt() {
        assertEquals(Errno.OK, process.mm().clearRefs(1));
        for (int i = 0; i < 64; i++) {
            machine.folios()
                    .clearFlag(
                            process.pageAt(page(BASE, i)),
                            FolioFlags.REFERENCED | FolioFlags.YOUNG);
        }
        khugepaged.scanAll();
        assertFalse(isHuge(process, BASE));
        int _ = process.load(page(BASE, 7));
        assertTrue(collapses());
    }

    @Test
    void limitsAreForNeverWrittenAndForSharedPages() {
        khugepaged.setLimits(new CollapseLimits(true, HUGE - 65, 64, HUGE));
        assertFalse(collapses());
        khugepaged.setLimits(new CollapseLimits(true, HUGE - 64, 64, 63));
        TestProcess child = process.fork();
        assertFalse(collapses());
        assertFalse(isHuge(child, BASE));
        child.mm().exit();
        assertTrue(collapses());
        assertThrows(
                IllegalArgumentException.class, () -> new CollapseLimits(true, HUGE + 1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> khugepaged.setPagesToScan(0));
    }

    @Test
    void turnsGoOnWhereTheLastOneEnded() {
        advise(process, Advice.NOHUGEPAGE);
        process.store(page(BASE, HUGE), 1);
        advise(process, Advice.HUGEPAGE);
        TestProcess second = machine.newProcess();
        second.mapAt(BASE, 2 * HUGE);
        second.storeRow(BASE, 4, 9);
        advise(second, Advice.HUGEPAGE);
        khugepaged.setPagesToScan(HUGE);
        khugepaged.scan();
        assertTrue(isHuge(process, BASE));
        assertFalse(isHuge(process, page(BASE, HUGE)));
        khugepaged.scan();
        assertTrue(isHuge(process, page(BASE, HUGE)));
        assertFalse(isHuge(second, BASE));
        process.mm().exit();
        khugepaged.scan();
        assertTrue(isHuge(second, BASE));
        assertEquals(0, khugepaged.fullScans());
        khugepaged.setPagesToScan(Khugepaged.PAGES_TO_SCAN_DEFAULT);
        khugepaged.scan();
        assertEquals(1, khugepaged.fullScans());
        assertEquals(3, khugepaged.pagesCollapsed());
        second.assertRow(BASE, 4, 9);
    }
}
