package farpage.mm.memoryfailure;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.MremapFlags;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.OpenFile;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.hmm.HmmPfn;
import farpage.mm.hmm.HmmRange;
import farpage.mm.hmm.HmmRangeFault;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.memory.FolioFlags;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.notifier.MmuNotifierRange.Event;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// Pages that break, by who used them, and what their users notice.
final class MemoryFailureTest {
    private static final Outcome LOST =
            new Outcome(Errno.OK, BrokenPage.DIRTY_LRU, Recovery.RECOVERED);

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(4);
    @TempDir Path folder = Path.of("");

    private Outcome fail(long page) {
        return machine.machine().memoryFailure().fail(page);
    }

    /// Breaks the page that is mapped at an address.
    private Outcome failAt(long at) {
        return fail(process.pageAt(at));
    }

    private Errno advise(long at, int pageCount, Advice advice) {
        return process.mm().madvise(at, PageSize.pageAddress(pageCount), advice);
    }

    @Test
    void everyProcessThatMapsABrokenPageLosesIt() {
        process.storeRow(address, 2, 1);
        TestProcess child = process.fork();
        long broken = process.pageAt(address);
        try (EventLog log = new EventLog(child.mm())) {
            assertEquals(LOST, fail(broken));
            assertEquals(Event.CLEAR, log.take().getFirst().event());
        }
        for (TestProcess user : new TestProcess[] {process, child}) {
            assertEquals(Shape.HWPOISON, user.shape(address));
            assertEquals(FaultResult.HWPOISON, user.tryLoad(address));
            assertEquals(FaultResult.HWPOISON, user.tryStore(address, 3));
            assertEquals(1, user.mm().anonymousPageCount());
            assertEquals(2, user.load(page(address, 1)), "the next page is as it was");
        }
        assertEquals(1, machine.folios().refCount(broken));
        assertEquals(1, machine.machine().memoryFailure().poisonedPageCount());
        machine.check();
    }

    @Test
    void brokenFrameIsNeverHandedOutAgain() {
        process.store(address, 1);
        long broken = process.pageAt(address);
        fail(broken);
        process.unmap(address, 4);
        int frames = machine.machine().ram().freePageCount();
        long all = process.map(frames);
        for (int i = 0; process.tryStore(page(all, i), i) == FaultResult.HANDLED; i++) {
            assertNotEquals(broken, process.pageAt(page(all, i)));
        }
        assertEquals(0, machine.machine().ram().freePageCount());
        assertFalse(machine.machine().ram().isFree(broken));
    }

    @Test
    void freePageLeavesFreeMemory() {
        long free = Page.ofPfn(700);
        int frames = machine.machine().ram().freePageCount();
        assertEquals(new Outcome(Errno.OK, BrokenPage.FREE, Recovery.RECOVERED), fail(free));
        assertEquals(frames - 1, machine.machine().ram().freePageCount());
        machine.check();
        assertEquals(BrokenPage.ALREADY_POISONED, fail(free).page());
        assertEquals(Errno.EHWPOISON, fail(free).errno());
        assertEquals(1, machine.machine().memoryFailure().poisonedPageCount());
        assertEquals(1, machine.machine().memoryFailure().count(Recovery.RECOVERED));
    }

    @Test
    void placeIsUsableAgainWhenItsContentsAreGivenUp() {
        process.storeRow(address, 3, 1);
        for (int i = 0; i < 3; i++) {
            assertEquals(Errno.OK, failAt(page(address, i)).errno());
        }
        assertEquals(Errno.OK, advise(address, 1, Advice.DONTNEED));
        assertEquals(Errno.OK, advise(page(address, 1), 1, Advice.FREE));
        assertEquals(0, process.load(address));
        assertEquals(0, process.load(page(address, 1)));
        assertEquals(Shape.HWPOISON, process.shape(page(address, 2)));
        process.unmap(address, 4);
    }

    @Test
    void brokenPlaceIsForkedMovedAndProtectedAsItIs() {
        process.store(address, 1);
        failAt(address);
        TestProcess child = process.fork();
        assertEquals(FaultResult.HWPOISON, child.tryLoad(address));
        process.protect(address, 4, VmFlags.READ);
        assertEquals(Shape.HWPOISON, process.shape(address));
        long target = process.map(4);
        int flags = MremapFlags.MAYMOVE | MremapFlags.FIXED;
        long bytes = PageSize.pageAddress(4);
        assertTrue(process.mm().mremap(address, bytes, bytes, flags, target).errno().isOk());
        assertEquals(FaultResult.HWPOISON, process.tryLoad(target));
        assertEquals(Shape.NONE, process.shape(address));
        machine.check();
    }

    @Test
    void whoeverLooksForThePageIsTold() {
        process.store(address, 1);
        failAt(address);
        assertEquals(Errno.EHWPOISON, advise(address, 1, Advice.POPULATE_READ));
        long[] pages = new long[1];
        process.mm().lockRead();
        try {
            assertEquals(
                    new GupResult(Errno.EHWPOISON, 0),
                    GetUserPages.get(process.mm(), address, 1, GupFlags.HWPOISON, pages));
            assertEquals(
                    new GupResult(Errno.EFAULT, 0),
                    GetUserPages.pin(process.mm(), address, 1, GupFlags.WRITE, pages));
        } finally {
            process.mm().unlockRead();
        }
    }

    @Test
    void rangeFaultFindsNothingThereAndCannotFaultItIn() {
        process.store(address, 1);
        failAt(address);
        try (EventLog mirror = new EventLog(process.mm())) {
            long[] words = new long[1];
            assertEquals(Errno.OK, fill(mirror, words, 0));
            assertEquals(0, words[0]);
            assertEquals(Errno.EFAULT, fill(mirror, words, HmmPfn.REQ_FAULT));
        }
    }

    private Errno fill(EventLog mirror, long[] words, long flags) {
        process.mm().lockRead();
        try {
            return HmmRangeFault.fill(
                    new HmmRange(
                            process.mm(),
                            mirror.notifier(),
                            mirror.notifier().readBegin(),
                            address,
                            page(address, 1),
                            words,
                            flags,
                            0,
                            device));
        } finally {
            process.mm().unlockRead();
        }
    }

    @Test
    void migrationPassesOverABrokenPlace() {
        process.storeRow(address, 2, 1);
        failAt(address);
        assertEquals(1, device.pull(process, address, 2));
        assertEquals(Shape.HWPOISON, process.shape(address));
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, 1)));
        process.assertRow(page(address, 1), 1, 2);
    }

    @Test
    void pageInMigrationIsLeftAloneAndItsFrameIsLost() {
        process.store(address, 7);
        long source = process.pageAt(address);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    assertEquals(
                            new Outcome(Errno.EBUSY, BrokenPage.UNHANDLABLE, Recovery.IGNORED),
                            Agent.start(() -> fail(source)).finish());
                    device.fillDevice(migrate);
                    return TestDevice.complete(migrate);
                });
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(address));
        assertEquals(0, machine.folios().refCount(source));
        assertFalse(machine.machine().ram().isFree(source));
        machine.check();
        assertEquals(7, process.load(address));
        assertNotEquals(source, process.pageAt(address));
    }

    @Test
    void pageThatAMigrationPutsBackStaysInUseUntilItIsFreed() {
        process.store(address, 7);
        long source = process.pageAt(address);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    Outcome outcome = Agent.start(() -> fail(source)).finish();
                    assertEquals(Recovery.IGNORED, outcome.recovery());
                    return TestDevice.complete(migrate);
                });
        assertEquals(source, process.pageAt(address));
        assertEquals(7, process.load(address));
        machine.check();
        process.unmap(address, 4);
        assertFalse(machine.machine().ram().isFree(source));
    }

    @Test
    void pageOnADeviceFailsWithoutItsDriversHelp() {
        process.store(address, 1);
        device.pull(process, address, 1);
        long page = process.pageAt(address);
        Outcome outcome = fail(page);
        assertEquals(new Outcome(Errno.ENXIO, BrokenPage.DEVICE, Recovery.FAILED), outcome);
        assertFalse(machine.folios().hasFlag(page, FolioFlags.HWPOISON));
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(address), "nobody was unmapped");
        assertEquals(1, process.load(address));
    }

    @Test
    void driverThatKnowsItsBrokenPageAnswersTheCpu() {
        process.storeRow(address, 2, 1);
        device.pull(process, address, 2);
        device.handleFailures();
        assertEquals(new Outcome(Errno.OK, BrokenPage.DEVICE, Recovery.RECOVERED), failAt(address));
        assertEquals(FaultResult.HWPOISON, process.tryLoad(address));
        assertEquals(2, process.load(page(address, 1)), "the next page is as it was");
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(address));
    }

    @Test
    void numberOfNoDevicePageIsRefused() {
        assertEquals(Errno.ENXIO, fail(Page.ofDevicePfn(1 << 20)).errno());
    }

    @Test
    void pageThatADeviceHasAloneIsTakenFromIt() {
        process.store(address, 1);
        process.mm().lockRead();
        DeviceExclusive.Answer answer = DeviceExclusive.make(process.mm(), address, null);
        process.mm().unlockRead();
        if (answer instanceof DeviceExclusive.Answer.Taken(long page)) {
            DeviceExclusive.release(machine.machine(), page);
        }
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(address));
        try (EventLog log = new EventLog(process.mm())) {
            assertEquals(LOST, failAt(address));
            assertEquals(Event.CLEAR, log.take().getFirst().event());
        }
        assertEquals(FaultResult.HWPOISON, process.tryLoad(address));
        assertEquals(0, process.mm().anonymousPageCount());
    }

    @Test
    void pinnedAndLockedPagesAreTakenAwayToo() {
        process.storeRow(address, 2, 1);
        assertEquals(Errno.OK, process.mm().mlock(address, PageSize.PAGE_SIZE));
        long[] pages = new long[1];
        GupResult pinned =
                GetUserPages.pinUnlocked(process.mm(), page(address, 1), 1, GupFlags.WRITE, pages);
        assertEquals(1, pinned.count());
        assertEquals(LOST, failAt(address));
        assertEquals(LOST, fail(pages[0]));
        assertEquals(FaultResult.HWPOISON, process.tryLoad(address));
        assertEquals(FaultResult.HWPOISON, process.tryLoad(page(address, 1)));
        GetUserPages.unpin(machine.machine(), pages, 1, true);
        machine.check();
    }

    @Test
    void chargeOfABrokenPageIsTakenBack() {
        MemCgroup group =
                machine.machine().memcgs().newGroup(machine.machine().memcgs().root(), "a");
        TestProcess member = new TestProcess(machine.machine().newProcess(group));
        long at = member.map(2);
        member.storeRow(at, 2, 1);
        assertEquals(PageSize.pageAddress(2), group.usage());
        fail(member.pageAt(at));
        assertEquals(PageSize.PAGE_SIZE, group.usage());
    }

    // Swap.

    /// Two pages that are in RAM and have a swap slot, which another process names too.
    private TestProcess shareSwappedPages() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(64)));
        process.storeRow(address, 2, 1);
        assertEquals(Errno.OK, advise(address, 2, Advice.PAGEOUT));
        TestProcess child = process.fork();
        process.assertRow(address, 2, 1);
        return child;
    }

    @Test
    void cleanPageThatLiesInSwapTooIsReadAgain() {
        TestProcess child = shareSwappedPages();
        long page = process.pageAt(address);
        assertFalse(machine.folios().hasFlag(page, FolioFlags.DIRTY));
        assertEquals(BrokenPage.CLEAN_SWAPCACHE, fail(page).page());
        assertEquals(Shape.SWAP, process.shape(address));
        machine.check();
        assertEquals(1, process.load(address));
        assertEquals(1, child.load(address));
        assertNotEquals(page, process.pageAt(address));
    }

    @Test
    void dirtyPageThatStandsForASlotIsLostToAllWhoNameIt() {
        TestProcess child = shareSwappedPages();
        long page = process.pageAt(address);
        machine.folios().setFlag(page, FolioFlags.DIRTY);
        assertEquals(
                new Outcome(Errno.OK, BrokenPage.DIRTY_SWAPCACHE, Recovery.DELAYED), fail(page));
        assertEquals(FaultResult.HWPOISON, process.tryLoad(address));
        assertEquals(FaultResult.HWPOISON, child.tryLoad(address));
        assertEquals(2, child.load(page(address, 1)));
        machine.check();
        assertEquals(Errno.OK, machine.machine().swap().swapOff(0));
        assertEquals(Shape.HWPOISON, process.shape(address));
        assertEquals(FaultResult.HWPOISON, child.tryLoad(address));
        machine.check();
    }

    // Same-page merging.

    @Test
    void brokenMergedPageIsLostToAllAndNothingIsMergedWithIt() {
        process.store(address, 8);
        process.store(page(address, 1), 8);
        assertEquals(Errno.OK, advise(address, 4, Advice.MERGEABLE));
        machine.machine().ksm().scanFullPasses(3);
        long merged = process.pageAt(address);
        assertEquals(merged, process.pageAt(page(address, 1)));
        assertEquals(Errno.OK, fail(merged).errno());
        assertEquals(FaultResult.HWPOISON, process.tryLoad(address));
        assertEquals(FaultResult.HWPOISON, process.tryLoad(page(address, 1)));
        process.store(page(address, 2), 8);
        process.store(page(address, 3), 8);
        machine.machine().ksm().scanFullPasses(3);
        assertNotEquals(merged, process.pageAt(page(address, 2)));
        assertEquals(8, process.load(page(address, 3)));
        machine.check();
    }

    // Files.

    private OpenFile diskFile() throws IOException {
        Path path = Files.write(folder.resolve("file"), new byte[] {5, 5, 5});
        return machine.machine().files().open(path, true);
    }

    private byte firstByte(TestProcess of, long at) {
        byte[] bytes = new byte[1];
        assertEquals(FaultResult.HANDLED, of.cpu().read(at, MemorySegment.ofArray(bytes)));
        return bytes[0];
    }

    @Test
    void cleanPageOfAFileIsReadAgainAndNobodyNotices() throws IOException {
        try (OpenFile file = diskFile()) {
            long at = process.mapFile(file, 0, 1, READ_WRITE | VmFlags.SHARED);
            assertEquals(5, firstByte(process, at));
            long page = process.pageAt(at);
            assertEquals(
                    new Outcome(Errno.OK, BrokenPage.CLEAN_LRU, Recovery.RECOVERED), fail(page));
            assertEquals(Shape.NONE, process.shape(at));
            assertEquals(0, process.mm().rss(RssCounter.FILE));
            assertEquals(5, firstByte(process, at));
            assertNotEquals(page, process.pageAt(at));
            assertEquals(Errno.OK, file.fsync());
        }
    }

    @Test
    void dirtyPageOfAFileIsLostAndTheNextSyncSaysSo() throws IOException {
        try (OpenFile file = diskFile()) {
            long at = process.mapFile(file, 0, 1, READ_WRITE | VmFlags.SHARED);
            process.store(at, 6);
            assertEquals(LOST, failAt(at));
            assertEquals(FaultResult.HWPOISON, process.tryLoad(at));
            assertEquals(Errno.EIO, file.fsync());
            assertEquals(Errno.OK, file.fsync());
            TestProcess other = machine.newProcess();
            assertEquals(5, firstByte(other, other.mapFile(file, 0, 1, READ_WRITE)));
        }
    }

    @Test
    void pageOfSharedMemoryStaysAndIsAnErrorForAll() {
        try (OpenFile file = machine.machine().files().memfd()) {
            assertEquals(Errno.OK, file.truncate(PageSize.pageAddress(2)));
            long at = process.mapFile(file, 0, 2, READ_WRITE | VmFlags.SHARED);
            process.storeRow(at, 2, 1);
            assertEquals(LOST, failAt(at));
            assertEquals(1, process.mm().rss(RssCounter.SHMEM));
            assertEquals(FaultResult.HWPOISON, process.tryLoad(at));
            TestProcess other = machine.newProcess();
            long theirs = other.mapFile(file, 0, 2, READ_WRITE);
            assertEquals(FaultResult.HWPOISON, other.tryLoad(theirs));
            assertEquals(FaultResult.HWPOISON, other.tryStore(theirs, 3));
            assertEquals(2, other.load(page(theirs, 1)));
            MemorySegment bytes = MemorySegment.ofArray(new byte[8]);
            assertEquals(-Errno.EIO.number(), file.read(bytes, 0));
            assertEquals(-Errno.EIO.number(), file.write(bytes, 0));
            machine.check();
            assertEquals(Errno.OK, file.punchHole(0, PageSize.PAGE_SIZE));
            assertEquals(0, other.load(theirs), "a hole takes its place");
        }
    }

    // Injection.

    @Test
    void adviceBreaksThePagesOfARange() {
        process.storeRow(address, 3, 1);
        device.pull(process, page(address, 1), 1);
        assertEquals(Errno.OK, advise(address, 2, Advice.HWPOISON));
        assertEquals(Shape.HWPOISON, process.shape(address));
        assertEquals(Shape.HWPOISON, process.shape(page(address, 1)), "it came back for that");
        assertEquals(16, device.freePageCount());
        assertEquals(3, process.load(page(address, 2)));
        assertEquals(Errno.EFAULT, advise(address, 1, Advice.HWPOISON), "nothing to be had there");
    }

    @Test
    void zeroPageIsLeftAlone() {
        assertEquals(0, process.load(address));
        assertEquals(Errno.EBUSY, advise(address, 1, Advice.HWPOISON));
        assertEquals(0, process.load(address));
        machine.machine().put(machine.machine().zeroPage());
    }
}
