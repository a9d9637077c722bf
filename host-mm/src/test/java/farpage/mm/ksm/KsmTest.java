package farpage.mm.ksm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Same-page merging: what is merged, and what undoes it.
final class KsmTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(8);
    private final Ksm ksm = machine.machine().ksm();

    private void advise(TestProcess adviser, boolean mergeable) {
        assertEquals(
                Errno.OK,
                adviser.mm()
                        .madvise(
                                address,
                                8L * PageSize.PAGE_SIZE,
                                mergeable ? Advice.MERGEABLE : Advice.UNMERGEABLE));
    }

    private void mergeAll() {
        advise(process, true);
        ksm.scanFullPasses(3);
        machine.check();
    }

    private boolean isMerged(TestProcess owner, int index) {
        long entry = owner.entry(page(address, index));
        return PageTableEntry.hasPage(entry)
                && machine.folios().hasFlag(PageTableEntry.page(entry), FolioFlags.KSM);
    }

    private void storeEqual(int count, int value) {
        for (int i = 0; i < count; i++) {
            process.store(page(address, i), value);
        }
    }

    @Test
    void equalPagesBecomeOneReadOnlyPage() {
        storeEqual(3, 7);
        process.store(page(address, 3), 8);
        int free = machine.machine().ram().freePageCount();
        mergeAll();
        assertEquals(free + 2, machine.machine().ram().freePageCount());
        assertEquals(process.pageAt(address), process.pageAt(page(address, 2)));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        assertTrue(PageTableEntry.isWritable(process.entry(page(address, 3))));
        assertEquals(7, process.load(page(address, 1)));
        KsmStatistics statistics = ksm.statistics();
        assertEquals(1, statistics.pagesShared());
        assertEquals(2, statistics.pagesSharing());
        assertEquals(1, statistics.pagesUnshared());
        assertEquals(0, statistics.pagesVolatile());
        assertEquals(3, statistics.fullScans());
        assertEquals(4, process.mm().anonymousPageCount());
    }

    @Test
    void nothingIsMergedBeforeAPageWasFoundUnchanged() {
        storeEqual(2, 7);
        advise(process, true);
        ksm.scanFullPasses(1);
        assertNotEquals(process.pageAt(address), process.pageAt(page(address, 1)));
        assertEquals(2, ksm.statistics().pagesVolatile());
        ksm.scanFullPasses(1);
        assertEquals(process.pageAt(address), process.pageAt(page(address, 1)));
    }

    @Test
    void pagesWithoutTheAdviceStayAsTheyAre() {
        storeEqual(2, 7);
        ksm.scanFullPasses(3);
        assertNotEquals(process.pageAt(address), process.pageAt(page(address, 1)));
        assertEquals(0, ksm.statistics().fullScans(), "there was nothing to scan");
    }

    @Test
    void storeGivesTheWriterACopy() {
        storeEqual(3, 7);
        mergeAll();
        process.store(address, 9);
        machine.check();
        assertEquals(9, process.load(address));
        assertEquals(7, process.load(page(address, 1)));
        assertFalse(isMerged(process, 0));
        assertTrue(isMerged(process, 1));
    }

    @Test
    void mergedPageIsCopiedEvenByItsLastUser() {
        storeEqual(2, 7);
        mergeAll();
        process.store(address, 9);
        long merged = process.pageAt(page(address, 1));
        process.store(page(address, 1), 9);
        assertNotEquals(merged, process.pageAt(page(address, 1)));
    }

    @Test
    void pagesOfTwoProcessesAreMerged() {
        storeEqual(1, 7);
        TestProcess other = machine.newProcess();
        other.mapAt(address, 8);
        other.store(address, 7);
        advise(other, true);
        mergeAll();
        assertEquals(process.pageAt(address), other.pageAt(address));
        other.store(address, 1);
        assertEquals(7, process.load(address));
    }

    @Test
    void laterPageJoinsAMergedPage() {
        storeEqual(2, 7);
        mergeAll();
        process.store(page(address, 5), 7);
        ksm.scanFullPasses(3);
        machine.check();
        assertEquals(process.pageAt(address), process.pageAt(page(address, 5)));
        assertEquals(2, ksm.statistics().pagesSharing());
    }

    @Test
    void forkedChildrenShareTheMergedPage() {
        storeEqual(2, 7);
        mergeAll();
        TestProcess child = process.fork();
        ksm.scanFullPasses(1);
        machine.check();
        assertEquals(process.pageAt(address), child.pageAt(page(address, 1)));
        assertEquals(3, ksm.statistics().pagesSharing());
        child.store(address, 1);
        assertEquals(7, process.load(address));
        child.mm().exit();
        machine.check();
        assertEquals(1, ksm.statistics().pagesSharing());
    }

    @Test
    void pageThatIsSharedByForkAloneIsNotMergedWithItself() {
        storeEqual(1, 7);
        TestProcess child = process.fork();
        advise(child, true);
        mergeAll();
        assertFalse(isMerged(process, 0));
        assertEquals(process.pageAt(address), child.pageAt(address));
    }

    @Test
    void withdrawnAdviceGivesEachPlaceItsOwnPage() {
        storeEqual(3, 7);
        mergeAll();
        advise(process, false);
        machine.check();
        for (int i = 0; i < 3; i++) {
            assertFalse(isMerged(process, i));
            assertFalse(
                    PageTableEntry.isWritable(process.entry(page(address, i))),
                    "the copy was not made for a store");
        }
        ksm.scanFullPasses(1);
        assertEquals(0, ksm.statistics().pagesShared());
        assertEquals(0, ksm.statistics().pagesSharing());
        process.assertRow(address, 1, 7);
    }

    @Test
    void adviceCutsTheVmaAndItsWithdrawalJoinsItAgain() {
        long middle = page(address, 2);
        assertEquals(Errno.OK, process.mm().madvise(middle, 4096, Advice.MERGEABLE));
        assertEquals(3, process.vmaCount());
        assertEquals(Errno.OK, process.mm().madvise(middle, 4096, Advice.UNMERGEABLE));
        assertEquals(1, process.vmaCount());
        assertEquals(Errno.EINVAL, process.mm().madvise(address + 1, 4096, Advice.MERGEABLE));
        assertEquals(Errno.ENOMEM, process.mm().madvise(address, 9 * 4096, Advice.MERGEABLE));
    }

    @Test
    @Tag("T-2.27")
    void mergedPageMigratesToTheDeviceAndBackForAllItsUsers() {
        storeEqual(3, 7);
        mergeAll();
        long merged = process.pageAt(address);
        assertEquals(1, device.pull(process, address, 3), "one page, however often it is mapped");
        machine.check();
        for (int i = 0; i < 3; i++) {
            assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, i)));
            assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(page(address, i))));
            assertTrue(isMerged(process, i));
        }
        assertEquals(7, process.load(page(address, 1)));
        machine.check();
        assertEquals(process.pageAt(address), process.pageAt(page(address, 2)));
        assertTrue(isMerged(process, 0));
        assertNotEquals(-1, merged);
        process.store(address, 9);
        assertEquals(7, process.load(page(address, 1)));
    }

    @Test
    void pageOnADeviceIsNeitherMergedNorCompared() {
        storeEqual(2, 7);
        mergeAll();
        device.pull(process, address, 2);
        process.store(page(address, 4), 7);
        process.store(page(address, 5), 7);
        ksm.scanFullPasses(3);
        machine.check();
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(address));
        assertEquals(process.pageAt(page(address, 4)), process.pageAt(page(address, 5)));
        assertNotEquals(process.pageAt(address), process.pageAt(page(address, 4)));
        device.push(process, address, 2);
        process.store(page(address, 6), 7);
        ksm.scanFullPasses(3);
        machine.check();
        assertTrue(isMerged(process, 6), "contents with two merged pages take in a third");
    }

    @Test
    void orphanedChildOfAMergedPageOnADeviceIsStillFound() {
        storeEqual(2, 7);
        mergeAll();
        TestProcess child = process.fork();
        device.pull(process, address, 2);
        process.mm().exit();
        machine.check();
        assertEquals(7, child.load(address));
        assertEquals(7, child.load(page(address, 1)));
    }

    @Test
    void pageThatAChildMergedIsStillFoundInTheParent() {
        storeEqual(2, 7);
        TestProcess child = process.fork();
        advise(child, true);
        ksm.scanFullPasses(3);
        long merged = page(address, isMerged(process, 0) ? 0 : 1);
        assertEquals(process.pageAt(merged), child.pageAt(address));
        machine.check();
        assertEquals(1, device.pull(process, merged, 1));
        machine.check();
        child.mm().exit();
        device.push(process, merged, 1);
        machine.check();
        assertEquals(7, process.load(merged));
    }

    @Test
    void pageThatAFailedMergeLeftToTheChildIsMergedLater() {
        storeEqual(2, 7);
        TestProcess child = process.fork();
        long held = process.pageAt(address);
        machine.folios().get(held);
        advise(process, true);
        ksm.scanFullPasses(3);
        assertNotEquals(process.pageAt(page(address, 1)), child.pageAt(page(address, 1)));
        assertTrue(isMerged(child, 1), "the page was made a merged one before the other refused");
        machine.machine().put(held);
        advise(child, true);
        ksm.scanFullPasses(3);
        machine.check();
        for (int i = 0; i < 2; i++) {
            assertEquals(process.pageAt(address), process.pageAt(page(address, i)));
            assertEquals(process.pageAt(address), child.pageAt(page(address, i)));
        }
        assertEquals(1, ksm.statistics().pagesShared());
    }

    @Test
    void accessThatIsGoneStaysGoneWhenTheMergeIsUndone() {
        storeEqual(2, 7);
        mergeAll();
        process.protect(address, 1, 0);
        advise(process, false);
        machine.check();
        assertFalse(isMerged(process, 0));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(address));
        process.protect(address, 1, VmFlags.READ);
        assertEquals(7, process.load(address));
    }

    @Test
    void limitOfMappingsStartsASecondPage() {
        ksm.setMaxPageSharing(2);
        storeEqual(6, 7);
        mergeAll();
        KsmStatistics statistics = ksm.statistics();
        assertEquals(3, statistics.pagesShared());
        assertEquals(3, statistics.pagesSharing());
        assertEquals(1, statistics.stableNodeChains());
        assertEquals(3, statistics.stableNodeDups());
        assertThrows(IllegalArgumentException.class, () -> ksm.setMaxPageSharing(1));
    }

    @Test
    void pagesOfZerosMayBecomeTheZeroPage() {
        storeEqual(2, 0);
        ksm.setUseZeroPages(true);
        mergeAll();
        assertTrue(PageTableEntry.isSpecial(process.entry(address)));
        assertEquals(0, process.mm().anonymousPageCount());
        assertEquals(2, ksm.statistics().zeroPages());
        process.store(address, 3);
        assertEquals(0, process.load(page(address, 1)));
        assertEquals(1, ksm.statistics().zeroPages());
        assertEquals(0, process.load(page(address, 5)), "the zero page, but none of the merger's");
        assertEquals(1, ksm.statistics().zeroPages());
        advise(process, false);
        machine.check();
        assertEquals(0, ksm.statistics().zeroPages());
        assertFalse(PageTableEntry.isSpecial(process.entry(page(address, 1))));
        assertTrue(PageTableEntry.isSpecial(process.entry(page(address, 5))));
        assertEquals(2, process.mm().anonymousPageCount());
    }

    @Test
    void pageThatSomebodyHoldsIsNotMerged() {
        storeEqual(2, 7);
        long held = process.pageAt(address);
        machine.folios().get(held);
        advise(process, true);
        ksm.scanFullPasses(3);
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        machine.machine().put(held);
        ksm.scanFullPasses(2);
        assertEquals(process.pageAt(address), process.pageAt(page(address, 1)));
    }

    @Test
    void mirrorsHearOfTheLostWrite() {
        storeEqual(2, 7);
        EventLog log = new EventLog(process.mm());
        mergeAll();
        assertTrue(log.takeEvents().contains(MmuNotifierRange.Event.CLEAR));
        log.close();
    }

    @Test
    void statisticsReadAsTheKernelsFiles() {
        storeEqual(2, 7);
        mergeAll();
        assertTrue(ksm.statistics().text().startsWith("pages_shared 1\npages_sharing 1\n"));
    }
}
