package farpage.mm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// `madvise` and `mlock`: what they do to pages in memory and on a device, and their errors.
final class MadviseTest {
    private static final long BASE = 0x40000000L;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final Mm mm = process.mm();

    private static long bytes(int pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    private Errno advise(long address, int pageCount, Advice advice) {
        return mm.madvise(address, bytes(pageCount), advice);
    }

    private void advised(long address, int pageCount, Advice advice) {
        assertEquals(Errno.OK, advise(address, pageCount, advice));
    }

    @Test
    void rangesThatCanNotBeAreRefused() {
        process.mapAt(BASE, 1);
        assertEquals(Errno.EINVAL, mm.madvise(BASE + 1, 4096, Advice.DONTNEED));
        assertEquals(Errno.EINVAL, mm.madvise(BASE, -1, Advice.DONTNEED));
        assertEquals(Errno.EINVAL, mm.madvise(BASE, -8192, Advice.DONTNEED));
        assertEquals(Errno.OK, mm.madvise(BASE, 0, Advice.DONTNEED));
        assertEquals(Errno.ENOMEM, mm.madvise(0, 4096, Advice.DONTNEED));
    }

    @Test
    @Tag("T-3.8")
    void dontNeedFreesDevicePagesAndTheNextReadIsZero() {
        process.mapAt(BASE, 4);
        process.storeRow(BASE, 4, 1);
        device.pull(process, BASE, 4);
        advised(page(BASE, 1), 2, Advice.DONTNEED);
        assertEquals(14, device.freePageCount());
        assertEquals(0, process.load(page(BASE, 1)));
        assertEquals(1, process.load(BASE));
        assertEquals(4, process.load(page(BASE, 3)));
    }

    @Test
    void holeIsReportedAfterTheRestWasDone() {
        process.mapAt(BASE, 1);
        process.mapAt(page(BASE, 2), 1);
        process.store(BASE, 1);
        process.store(page(BASE, 2), 2);
        assertEquals(Errno.ENOMEM, advise(BASE, 3, Advice.DONTNEED));
        assertEquals(0, process.load(BASE));
        assertEquals(0, process.load(page(BASE, 2)));
    }

    @Test
    @Tag("T-3.9")
    void freeLeavesDevicePagesAndMakesOthersClean() {
        process.mapAt(BASE, 2);
        process.storeRow(BASE, 2, 1);
        device.pull(process, BASE, 1);
        advised(BASE, 2, Advice.FREE);
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(BASE));
        long entry = process.entry(page(BASE, 1));
        assertFalse(PageTableEntry.isDirty(entry));
        assertFalse(PageTableEntry.isYoung(entry));
        long page = process.pageAt(page(BASE, 1));
        assertFalse(machine.folios().hasFlag(page, FolioFlags.SWAPBACKED));
        machine.check();
        process.assertRow(BASE, 2, 1);
    }

    @Test
    void anonymousMemoryHasNoHolesToPunch() {
        process.mapAt(BASE, 1);
        assertEquals(Errno.EINVAL, advise(BASE, 1, Advice.REMOVE));
    }

    @Test
    void removeMakesAHoleInASharedFileForEverybody() {
        int shared = TestProcess.READ_WRITE | VmFlags.SHARED;
        assertEquals(Errno.OK, mm.mmapFixed(BASE, bytes(4), shared));
        process.storeRow(BASE, 4, 1);
        TestProcess child = process.fork();
        advised(page(BASE, 1), 2, Advice.REMOVE);
        machine.check();
        assertEquals(0, child.load(page(BASE, 1)));
        assertEquals(0, process.load(page(BASE, 2)));
        assertEquals(4, child.load(page(BASE, 3)));
        assertEquals(Errno.EINVAL, advise(BASE, 1, Advice.WIPEONFORK));
        assertEquals(Errno.EINVAL, advise(BASE, 1, Advice.FREE));
        assertEquals(Errno.OK, mm.mlock(BASE, bytes(4)));
        assertEquals(Errno.EINVAL, advise(BASE, 1, Advice.REMOVE));
    }

    @Test
    void sharedMemoryMovesAndIsFoundByItsFile() {
        int shared = TestProcess.READ_WRITE | VmFlags.SHARED;
        assertEquals(Errno.OK, mm.mmapFixed(BASE, bytes(4), shared));
        process.storeRow(BASE, 4, 1);
        long far = BASE << 1;
        int move = MremapFlags.MAYMOVE | MremapFlags.FIXED;
        assertEquals(far, mm.mremap(page(BASE, 1), bytes(2), bytes(2), move, far).address());
        machine.check();
        process.assertRow(far, 2, 2);
        // An old length of zero makes a second mapping of the same pages.
        long twin = mm.mremap(far, 0, bytes(2), MremapFlags.MAYMOVE, 0).address();
        process.assertRow(twin, 2, 2);
        advised(far, 2, Advice.REMOVE);
        assertEquals(0, process.load(twin));
    }

    @Test
    void populateBringsPagesInAndDevicePagesBack() {
        process.mapAt(BASE, 3);
        process.store(page(BASE, 1), 7);
        device.pull(process, page(BASE, 1), 1);
        advised(BASE, 3, Advice.POPULATE_READ);
        assertEquals(machine.machine().zeroPage(), process.pageAt(BASE));
        assertEquals(1, device.ramCalls());
        advised(BASE, 3, Advice.POPULATE_WRITE);
        assertEquals(3, mm.rss(RssCounter.ANON));
        process.protect(BASE, 1, VmFlags.READ);
        assertEquals(Errno.EINVAL, advise(BASE, 3, Advice.POPULATE_WRITE));
        assertEquals(Errno.ENOMEM, advise(BASE, 4, Advice.POPULATE_READ));
        device.pull(process, page(BASE, 1), 1);
        device.refuse(FaultResult.SIGBUS, 1);
        assertEquals(Errno.EFAULT, advise(BASE, 3, Advice.POPULATE_READ));
    }

    @Test
    void lockedMemoryGetsItsPagesWhenItBecomesWritable() {
        process.mapAt(BASE, 2);
        process.protect(BASE, 2, 0);
        assertEquals(Errno.ENOMEM, mm.mlock(BASE, bytes(1)));
        process.protect(BASE, 2, TestProcess.READ_WRITE);
        assertEquals(1, mm.rss(RssCounter.ANON));
        assertTrue(PageTableEntry.isWritable(process.entry(BASE)));
    }

    @Test
    void guardEndsEveryAccessAndOutlastsDontNeedAndFork() {
        process.mapAt(BASE, 4);
        process.storeRow(BASE, 4, 1);
        advised(page(BASE, 1), 2, Advice.GUARD_INSTALL);
        advised(BASE, 4, Advice.DONTNEED);
        TestProcess child = process.fork();
        machine.check();
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(BASE, 1)));
        assertEquals(FaultResult.SIGSEGV, child.tryStore(page(BASE, 2), 1));
        assertEquals(Errno.EFAULT, advise(BASE, 4, Advice.POPULATE_READ));
        device.pull(process, BASE, 4);
        assertEquals(Shape.MARKER, process.shape(page(BASE, 1)));
        advised(BASE, 4, Advice.GUARD_REMOVE);
        assertEquals(0, process.load(page(BASE, 1)));
        assertEquals(FaultResult.SIGSEGV, child.tryLoad(page(BASE, 1)));
    }

    @Test
    @Tag("T-3.3")
    void forkLeavesOutAndWipesWhatItWasTold() {
        process.mapAt(BASE, 3);
        process.storeRow(BASE, 3, 1);
        device.pull(process, BASE, 3);
        advised(BASE, 1, Advice.DONTFORK);
        advised(page(BASE, 1), 1, Advice.WIPEONFORK);
        TestProcess child = process.fork();
        machine.check();
        assertEquals(FaultResult.SIGSEGV, child.tryLoad(BASE));
        assertEquals(0, child.load(page(BASE, 1)));
        assertEquals(3, child.load(page(BASE, 2)));
        process.assertRow(BASE, 3, 1);
        advised(BASE, 1, Advice.DOFORK);
        advised(page(BASE, 1), 1, Advice.KEEPONFORK);
        assertEquals(1, process.vmaCount());
    }

    @Test
    @Tag("T-3.10")
    void exitOfAProcessGivesAllDevicePagesBack() {
        process.mapAt(BASE, 8);
        process.storeRow(BASE, 8, 1);
        device.pull(process, BASE, 8);
        mm.exit();
        assertEquals(16, device.freePageCount());
    }

    @Test
    void collapseOfSharedMemoryFindsNoLargeFolio() {
        long start = process.mapShared(1024);
        process.store(start, 1);
        assertEquals(Errno.ENOMEM, advise(start, 1024, Advice.COLLAPSE));
        assertEquals(1, process.load(start));
    }

    @Test
    void lockedMemoryIsFaultedInAndKept() {
        process.mapAt(BASE, 3);
        process.store(page(BASE, 1), 7);
        device.pull(process, page(BASE, 1), 1);
        assertEquals(Errno.OK, mm.mlock(BASE + 5, bytes(2)));
        assertEquals(3, mm.rss(RssCounter.ANON));
        assertEquals(16, device.freePageCount());
        assertEquals(Errno.EINVAL, advise(BASE, 1, Advice.DONTNEED));
        assertEquals(Errno.EINVAL, advise(BASE, 1, Advice.FREE));
        assertEquals(Errno.OK, advise(BASE, 1, Advice.DONTNEED_LOCKED));
        assertEquals(Errno.ENOMEM, mm.mlock(BASE, bytes(4)));
        assertEquals(Errno.OK, mm.munlock(BASE, bytes(3)));
        advised(BASE, 3, Advice.DONTNEED);
        process.protect(BASE, 1, 0);
        assertEquals(Errno.ENOMEM, mm.mlock(BASE, bytes(1)));
    }

    @Test
    void lockOnFaultBringsNothingIn() {
        process.mapAt(BASE, 2);
        assertEquals(Errno.OK, mm.mlockOnFault(BASE, bytes(2)));
        assertEquals(0, mm.rss(RssCounter.ANON));
        TestProcess child = process.fork();
        assertEquals(0, child.<Integer>withVma(BASE, vma -> vma.flags() & VmFlags.LOCKED_MASK));
        mm.munlockAll();
        assertEquals(0, process.<Integer>withVma(BASE, vma -> vma.flags() & VmFlags.LOCKED_MASK));
    }
}
