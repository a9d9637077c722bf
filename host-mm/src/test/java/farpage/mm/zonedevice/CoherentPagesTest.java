package farpage.mm.zonedevice;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.MremapFlags;
import farpage.mm.MremapResult;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.inspect.PagemapDump;
import farpage.mm.inspect.PagemapWord;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.memcg.MemCgroups;
import farpage.mm.memory.FolioFlags;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.notifier.MmuNotifierRange.Event;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.reclaim.ReclaimAdvice;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Device pages that CPUs map: where they behave as pages in RAM do, and where as pages of a
/// device.
final class CoherentPagesTest {
    private static final int PAGES = 8;
    private static final int MOVE_FIXED = MremapFlags.MAYMOVE | MremapFlags.FIXED;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newCoherentDevice(PAGES);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(PAGES);

    private void moveRow(int pageCount) {
        process.storeRow(address, pageCount, 1);
        assertEquals(pageCount, device.pull(process, address, pageCount));
    }

    private int pagesOnDevice() {
        return device.pagemap().livePageCount();
    }

    private void advise(int firstPage, int pageCount, Advice advice) {
        long length = PageSize.pageAddress(pageCount);
        assertEquals(Errno.OK, process.mm().madvise(page(address, firstPage), length, advice));
    }

    private void assertWritable(boolean expected, int page) {
        assertEquals(
                expected, PageTableEntry.isWritable(process.entry(page(address, page))), "" + page);
    }

    // The CPU.

    @Test
    void cpuUsesThePagesInPlaceAndTakesNoFault() {
        moveRow(3);
        long faults = process.cpu().faultCount();
        process.assertRow(address, 3, 1);
        process.store(page(address, 1), 9);
        assertEquals(9, device.load(process.pageAt(page(address, 1))));
        assertEquals(faults, process.cpu().faultCount());
        assertEquals(0, device.ramCalls());
        assertEquals(3, pagesOnDevice());
    }

    @Test
    void lockedPageIsNothingTheCpuWaitsFor() {
        moveRow(1);
        long page = process.pageAt(address);
        assertTrue(machine.folios().tryLock(page));
        assertEquals(1, process.load(address));
        process.store(address, 2);
        machine.folios().unlock(page);
    }

    @Test
    void filledHoleIsWritableAndDirtyWhereTheMappingIs() {
        process.protect(page(address, 1), 1, VmFlags.READ);
        assertEquals(1, device.pull(process, address, 1));
        assertEquals(1, device.pull(process, page(address, 1), 1));
        assertWritable(true, 0);
        assertTrue(PageTableEntry.isDirty(process.entry(address)));
        assertWritable(false, 1);
        assertFalse(PageTableEntry.isDirty(process.entry(page(address, 1))));
        assertEquals(0, process.load(address));
        assertEquals(FaultResult.SIGSEGV, process.tryStore(page(address, 1), 1));
        assertEquals(2, process.mm().anonymousPageCount());
    }

    // Migration.

    @Test
    @Tag("T-2.12")
    void onlyTheOwnerWhoAsksForCoherentPagesCollectsThem() {
        moveRow(1);
        long entry = process.entry(address);
        TestDevice other = machine.newCoherentDevice(1);
        assertEquals(MigratePfn.SKIP, collected(MigrateSelect.SYSTEM, device));
        assertEquals(MigratePfn.SKIP, collected(MigrateSelect.DEVICE_PRIVATE, device));
        assertEquals(MigratePfn.SKIP, collected(MigrateSelect.DEVICE_COHERENT, other));
        assertEquals(entry, process.entry(address));
        long word = collected(MigrateSelect.DEVICE_COHERENT, device);
        assertTrue(MigratePfn.isMigrating(word));
        assertTrue(MigratePfn.isWritable(word));
        assertTrue(device.holds(process, address), "nothing took it in");
    }

    /// The word that setup makes of the first page; the migration is given up then.
    private long collected(MigrateSelect select, Object owner) {
        return process.<Long>withVma(
                address,
                vma -> {
                    MigrateVma migrate = new MigrateVma(1, select, owner, Page.NONE);
                    TestDevice.setup(migrate, vma, address, 1);
                    long word = migrate.src(0);
                    assertEquals(0, TestDevice.complete(migrate));
                    return word;
                });
    }

    @Test
    void pagesComeBackWithTheirRightsAndContents() {
        moveRow(2);
        process.protect(page(address, 1), 1, VmFlags.READ);
        assertEquals(1, device.push(process, address, 1));
        assertEquals(1, device.push(process, page(address, 1), 1));
        assertEquals(0, pagesOnDevice());
        assertWritable(true, 0);
        assertWritable(false, 1);
        process.assertRow(address, 2, 1);
        assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.LRU));
    }

    @Test
    void pageMovesFromOneDeviceToAnotherOnlyThroughRam() {
        moveRow(1);
        TestDevice other = machine.newCoherentDevice(1);
        assertEquals(0, other.pull(process, address, 1));
        assertEquals(1, device.push(process, address, 1));
        assertEquals(1, other.pull(process, address, 1));
        assertEquals(1, process.load(address));
        process.unmap(address, 1);
    }

    @Test
    void evictionFindsThePagesOfEveryProcess() {
        moveRow(2);
        TestProcess child = process.fork();
        assertEquals(2, device.evict());
        process.assertRow(address, 2, 1);
        child.assertRow(address, 2, 1);
        assertEquals(process.pageAt(address), child.pageAt(address), "they still share it");
    }

    @Test
    @Tag("T-1.5")
    void takingTheDeviceDownWaitsForTheLastPage() {
        moveRow(2);
        CountDownLatch started = new CountDownLatch(1);
        Agent<Boolean> unmap =
                Agent.start(() -> {
                    started.countDown();
                    device.pagemap().killAndAwaitDrained();
                    return true;
                });
        Agent.await(started);
        unmap.awaitWaiting();
        assertEquals(1, device.push(process, address, 1));
        unmap.awaitWaiting();
        assertEquals(2, process.load(page(address, 1)), "the CPU still reads what is there");
        process.unmap(page(address, 1), 1);
        assertTrue(unmap.finish());
    }

    // fork and copy on write.

    @Test
    @Tag("T-3.3")
    void whoWritesAfterAForkGetsAPageOfRamAndTheOtherKeepsTheDevices() {
        moveRow(2);
        TestProcess child = process.fork();
        assertWritable(false, 0);
        process.store(address, 11);
        child.store(page(address, 1), 22);
        assertEquals(1, child.load(address));
        assertEquals(2, process.load(page(address, 1)));
        assertTrue(device.holds(child, address));
        assertTrue(device.holds(process, page(address, 1)));
        assertFalse(device.holds(process, address));
        assertFalse(device.holds(child, page(address, 1)));
        assertEquals(2, pagesOnDevice());
        child.mm().exit();
        assertEquals(1, pagesOnDevice());
    }

    @Test
    @Tag("T-3.3")
    void whoIsLeftAloneWritesInPlace() {
        moveRow(1);
        process.fork().mm().exit();
        assertWritable(false, 0);
        process.store(address, 5);
        assertTrue(device.holds(process, address));
        assertEquals(5, device.load(process.pageAt(address)));
    }

    @Test
    void pinnedPageIsCopiedToRamForTheChild() {
        moveRow(1);
        long[] pinned = new long[1];
        assertEquals(1, pin(pinned, GupFlags.WRITE).count());
        assertEquals(process.pageAt(address), pinned[0]);
        TestProcess child = process.fork();
        assertWritable(true, 0);
        assertTrue(device.holds(process, address));
        assertFalse(device.holds(child, address));
        assertEquals(1, child.load(address));
        GetUserPages.unpin(machine.machine(), pinned, 1, false);
    }

    private GupResult pin(long[] pages, int flags) {
        return process.withVma(
                address,
                vma -> GetUserPages.pin(process.mm(), address, pages.length, flags, pages));
    }

    @Test
    @Tag("T-3.11")
    void allPagesOfALongPinLeaveTheDeviceAndThoseAroundStay() {
        moveRow(4);
        long[] pinned = new long[3];
        GupResult result = pin(pinned, GupFlags.WRITE | GupFlags.LONGTERM);
        assertEquals(new GupResult(Errno.OK, 3), result);
        for (int i = 0; i < 3; i++) {
            assertFalse(Page.isDevice(pinned[i]));
            assertEquals(process.pageAt(page(address, i)), pinned[i]);
        }
        assertTrue(device.holds(process, page(address, 3)));
        assertEquals(0, device.pull(process, address, 3), "pinned pages do not migrate");
        GetUserPages.unpin(machine.machine(), pinned, 3, false);
        process.assertRow(address, 4, 1);
    }

    @Test
    @Tag("T-3.11")
    void longPinFailsWhereOnePageCanNotMoveAndHoldsNothingThen() {
        moveRow(3);
        long[] held = new long[1];
        assertEquals(1, pin(held, GupFlags.WRITE).count());
        GupResult result = pin(new long[3], GupFlags.WRITE | GupFlags.LONGTERM);
        assertEquals(new GupResult(Errno.EBUSY, 0), result);
        GetUserPages.unpin(machine.machine(), held, 1, false);
        for (int i = 0; i < 3; i++) {
            assertFalse(machine.folios().isMaybePinned(process.pageAt(page(address, i))));
        }
        assertEquals(3, device.push(process, address, 3), "nobody holds them");
    }

    // Mappings.

    @Test
    void protectionChangesThePresentEntryAndGivesWriteBackAtOnce() {
        moveRow(2);
        process.protect(address, 2, VmFlags.READ);
        assertWritable(false, 0);
        assertEquals(FaultResult.SIGSEGV, process.tryStore(address, 1));
        long faults = process.cpu().faultCount();
        process.protect(address, 2, TestProcess.READ_WRITE);
        process.store(address, 3);
        assertEquals(faults, process.cpu().faultCount(), "the page is exclusive");
        assertEquals(2, pagesOnDevice());
    }

    @Test
    void moveTakesTheEntriesAndTellsMirrorsOnly() {
        moveRow(3);
        long target = 1L << 40;
        long length = PageSize.pageAddress(2);
        long page = process.pageAt(page(address, 1));
        try (EventLog log = new EventLog(process.mm())) {
            assertEquals(
                    new MremapResult(Errno.OK, target),
                    process.mm().mremap(page(address, 1), length, length, MOVE_FIXED, target));
            assertTrue(log.takeEvents().contains(Event.UNMAP));
        }
        assertEquals(page, process.pageAt(target));
        process.assertRow(target, 2, 2);
        assertEquals(1, process.load(address));
        assertEquals(3, pagesOnDevice());
        assertEquals(2, device.push(process, target, 2));
    }

    @Test
    @Tag("T-3.8")
    void givenUpPagesGoBackToTheDriverAndReadAsZeros() {
        moveRow(4);
        advise(1, 2, Advice.DONTNEED);
        assertEquals(2, pagesOnDevice());
        assertEquals(0, process.load(page(address, 1)));
        assertEquals(1, process.load(address));
        process.unmap(page(address, 3), 1);
        assertEquals(1, pagesOnDevice());
        assertEquals(2, process.mm().anonymousPageCount() + 1, "the zero page counts nowhere");
    }

    @Test
    @Tag("T-3.10")
    void exitGivesAllPagesBackOnceTheLastProcessIsGone() {
        moveRow(PAGES);
        TestProcess child = process.fork();
        process.mm().exit();
        assertEquals(PAGES, pagesOnDevice());
        child.assertRow(address, PAGES, 1);
        child.mm().exit();
        assertEquals(0, pagesOnDevice());
        assertEquals(PAGES, device.freePageCount());
    }

    // What keeps off them.

    @Test
    @Tag("T-3.9")
    void adviceAboutAgeAndLazyFreeingPassesThemOver() {
        moveRow(3);
        long entry = process.entry(address);
        advise(0, 3, Advice.FREE);
        advise(0, 3, Advice.COLD);
        advise(0, 3, Advice.PAGEOUT);
        assertEquals(entry, process.entry(address));
        long end = page(address, 3);
        assertEquals(
                0L,
                process.<Long>withVma(
                        address, vma -> new ReclaimAdvice(vma).pageOut(address, end)));
        process.assertRow(address, 3, 1);
        assertFalse(machine.folios().hasFlag(process.pageAt(address), FolioFlags.LRU));
    }

    @Test
    void mergingPassesThemOver() {
        process.store(address, 7);
        process.store(page(address, 1), 7);
        process.store(page(address, 2), 7);
        assertEquals(2, device.pull(process, address, 2));
        advise(0, PAGES, Advice.MERGEABLE);
        machine.machine().ksm().scanFullPasses(3);
        assertNotEquals(process.pageAt(address), process.pageAt(page(address, 1)));
        assertEquals(2, pagesOnDevice());
        assertWritable(true, 0);
    }

    @Test
    @Tag("T-2.23")
    void chargeMovesWithThePageAndIsGoneWhenItIsFreed() {
        MemCgroups groups = machine.machine().memcgs();
        MemCgroup group = groups.newGroup(groups.root(), "group");
        TestProcess charged = new TestProcess(machine.machine().newProcess(group));
        long at = charged.map(3);
        charged.storeRow(at, 2, 1);
        assertEquals(3, device.pull(charged, at, 3));
        assertEquals(PageSize.pageAddress(3), group.usage(), "two that moved and one hole");
        assertEquals(PageSize.pageAddress(3), group.stat().device());
        charged.fork().store(at, 9);
        assertEquals(PageSize.pageAddress(4), group.usage(), "the copy in RAM");
        assertEquals(PageSize.pageAddress(3), group.stat().device());
    }

    // How they look.

    @Test
    @Tag("T-3.12")
    void pagemapTellsThemAsPresentAndExclusive() {
        moveRow(1);
        assertEquals(Shape.PRESENT, process.shape(address));
        long[] words = new long[1];
        assertEquals(Errno.OK, PagemapDump.read(process.mm(), address, words, true));
        assertTrue((words[0] & PagemapWord.PRESENT) != 0);
        assertEquals(0, words[0] & (PagemapWord.SWAPPED | PagemapWord.FILE));
        assertTrue((words[0] & PagemapWord.EXCLUSIVE) != 0);
        TestProcess _ = process.fork();
        assertEquals(Errno.OK, PagemapDump.read(process.mm(), address, words, true));
        assertEquals(0, words[0] & PagemapWord.EXCLUSIVE);
    }

    @Test
    void ownMirrorHearsNothingOfAMigrationAndForeignStoresNothingAtAll() {
        moveRow(1);
        try (EventLog log = new EventLog(process.mm())) {
            process.store(address, 4);
            assertEquals(List.of(), log.takeEvents());
            device.push(process, address, 1);
            assertEquals(List.of(Event.MIGRATE), log.takeEvents());
        }
    }

    @Test
    @Tag("T-1.4")
    void pageInUseCanNotBeMadeAgain() {
        moveRow(1);
        long page = process.pageAt(address);
        assertThrows(AssertionError.class, () -> device.pagemap().initFolio(page, 0));
    }
}
