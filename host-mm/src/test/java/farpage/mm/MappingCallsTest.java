package farpage.mm;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.fault.FaultResult;
import farpage.mm.inspect.MapsDump;
import farpage.mm.notifier.MmuNotifierSubscriptions.Insertion;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// `mmap`, `munmap`, `mprotect` and `exit`: their errors, and how they cut and join VMAs.
final class MappingCallsTest {
    private static final long BASE = 0x40000000L;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final Mm mm = process.mm();

    private static long bytes(int pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    // mmap.

    @Test
    void mmapRefusesWhatCanNotBe() {
        assertEquals(Errno.EINVAL, mm.mmapFixed(BASE + 1, 4096, READ_WRITE));
        assertEquals(Errno.EINVAL, mm.mmapFixed(BASE, 0, READ_WRITE));
        assertEquals(Errno.EINVAL, mm.mmapFixed(BASE, -4096, READ_WRITE));
        assertEquals(Errno.ENOMEM, mm.mmapFixed(PageSize.TASK_SIZE, 4096, READ_WRITE));
        assertEquals(Errno.ENOMEM, mm.mmapFixed(-4096, 4096, READ_WRITE));
        assertEquals(Errno.ENOMEM, mm.mmapFixed(BASE, PageSize.TASK_SIZE, READ_WRITE));
        assertEquals(Errno.ENOMEM, mm.mmapFixed(BASE, Long.MAX_VALUE, READ_WRITE));
        assertEquals(Errno.EPERM, mm.mmapFixed(0, 4096, READ_WRITE));
        assertEquals(0, process.vmaCount());
    }

    @Test
    void mmapReachesTheLastPageOfTheSpace() {
        long last = PageSize.TASK_SIZE - 4096;
        assertEquals(Errno.OK, mm.mmapFixed(last, 4096, READ_WRITE));
        process.store(last, 1);
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(PageSize.TASK_SIZE));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(-4096));
    }

    @Test
    void mmapChoosesFromHighAddressesDown() {
        assertEquals(PageSize.TASK_SIZE - bytes(4), mm.mmap(bytes(4), READ_WRITE));
        assertEquals(PageSize.TASK_SIZE - bytes(6), mm.mmap(bytes(2), VmFlags.READ));
        process.unmap(PageSize.TASK_SIZE - bytes(4), 2);
        assertEquals(PageSize.TASK_SIZE - bytes(4), mm.mmap(bytes(2), READ_WRITE));
    }

    @Test
    void mmapRoundsTheLengthUp() {
        long address = mm.mmap(4097, READ_WRITE);
        assertEquals(2L, process.<Long>withVma(address, Vma::pageCount));
    }

    @Test
    void mmapFailsWhereNoHoleIsLargeEnough() {
        assertEquals(-Errno.ENOMEM.number(), mm.mmap(PageSize.TASK_SIZE, READ_WRITE));
        assertEquals(
                Errno.OK, mm.mmapFixed(Mm.MMAP_MIN_ADDRESS, PageSize.TASK_SIZE / 2, READ_WRITE));
        assertEquals(-Errno.ENOMEM.number(), mm.mmap(PageSize.TASK_SIZE / 2, READ_WRITE));
    }

    /// Rounding such a length up to pages wraps to a negative size.
    @Test
    void mmapOfMoreThanTheSpaceFails() {
        assertEquals(-Errno.ENOMEM.number(), mm.mmap(Long.MAX_VALUE, READ_WRITE));
        assertEquals(-Errno.ENOMEM.number(), mm.mmap(PageSize.TASK_SIZE + 1, READ_WRITE));
        assertThrows(IllegalArgumentException.class, () -> mm.mmap(0, READ_WRITE));
        assertEquals(0, process.vmaCount());
    }

    @Test
    void mmapOverAMappingReplacesIt() {
        process.mapAt(BASE, 4);
        process.storeRow(BASE, 4, 1);
        device.pull(process, page(BASE, 2), 2);
        process.mapAt(page(BASE, 1), 2);
        assertEquals(1, process.load(BASE));
        assertEquals(0, process.load(page(BASE, 1)));
        assertEquals(0, process.load(page(BASE, 2)));
        assertEquals(4, process.load(page(BASE, 3)));
        assertEquals(16, device.freePageCount());
    }

    // Joining.

    @Test
    void neighboursOfOneKindAreJoined() {
        process.mapAt(page(BASE, 2), 2);
        process.mapAt(BASE, 2);
        assertEquals(1, process.vmaCount());
        process.mapAt(page(BASE, 4), 2);
        assertEquals("40000000-40006000 rw-p 00000000 00:00 0 \n", MapsDump.text(mm));
    }

    @Test
    void gapIsClosedByAMappingThatFillsIt() {
        process.mapAt(BASE, 1);
        process.mapAt(page(BASE, 2), 1);
        process.store(BASE, 1);
        assertEquals(2, process.vmaCount());
        process.mapAt(page(BASE, 1), 1);
        assertEquals(1, process.vmaCount());
        process.store(page(BASE, 2), 3);
        assertEquals(1, process.load(BASE));
    }

    @Test
    void neighboursWithOtherFlagsStayApart() {
        process.mapAt(BASE, 1);
        assertEquals(Errno.OK, mm.mmapFixed(page(BASE, 1), 4096, VmFlags.READ));
        assertEquals(2, process.vmaCount());
    }

    @Test
    void neighboursWithPagesOfDifferentFamiliesStayApart() {
        process.mapAt(BASE, 1);
        process.mapAt(page(BASE, 2), 1);
        process.store(BASE, 1);
        process.store(page(BASE, 2), 3);
        process.mapAt(page(BASE, 1), 1);
        assertEquals(2, process.vmaCount(), "the gap goes to one side only");
        process.storeRow(BASE, 3, 1);
        assertEquals(3, device.pull(process, BASE, 2) + device.pull(process, page(BASE, 2), 1));
        process.assertRow(BASE, 3, 1);
    }

    @Test
    void vmaWithPagesOfAParentIsNotJoinedWithAFreshNeighbour() {
        process.mapAt(BASE, 1);
        process.store(BASE, 1);
        TestProcess child = process.fork();
        child.mapAt(page(BASE, 1), 1);
        assertEquals(2, child.vmaCount());
        child.store(page(BASE, 1), 2);
        child.assertRow(BASE, 2, 1);
    }

    @Test
    void piecesCutByProtectionAreJoinedWhenItIsTakenBack() {
        process.mapAt(BASE, 5);
        process.storeRow(BASE, 5, 1);
        process.protect(page(BASE, 1), 3, VmFlags.READ);
        process.protect(page(BASE, 2), 1, 0);
        assertEquals(5, process.vmaCount());
        device.pull(process, page(BASE, 3), 1);
        machine.check();
        process.protect(page(BASE, 2), 1, VmFlags.READ);
        assertEquals(3, process.vmaCount());
        process.protect(page(BASE, 1), 3, READ_WRITE);
        assertEquals(1, process.vmaCount());
        assertEquals(5, device.pull(process, BASE, 5) + 1);
        process.assertRow(BASE, 5, 1);
    }

    // munmap.

    @Test
    void munmapRefusesWhatCanNotBe() {
        assertEquals(Errno.EINVAL, mm.munmap(BASE + 1, 4096));
        assertEquals(Errno.EINVAL, mm.munmap(BASE, 0));
        assertEquals(Errno.EINVAL, mm.munmap(BASE, -1));
        assertEquals(Errno.EINVAL, mm.munmap(-4096, 4096));
        assertEquals(Errno.EINVAL, mm.munmap(BASE, Long.MAX_VALUE));
        assertEquals(Errno.OK, mm.munmap(BASE, 4096), "nothing there is no error");
    }

    @Test
    void munmapInTheMiddleLeavesBothEnds() {
        process.mapAt(BASE, 5);
        process.storeRow(BASE, 5, 1);
        process.unmap(page(BASE, 1), 3);
        assertEquals(2, process.vmaCount());
        assertEquals(2, mm.anonymousPageCount());
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(BASE, 2)));
        assertEquals(1, process.load(BASE));
        assertEquals(5, process.load(page(BASE, 4)));
    }

    @Test
    void munmapSpansSeveralVmasAndHoles() {
        process.mapAt(BASE, 2);
        process.mapAt(page(BASE, 600), 2);
        process.mapAt(page(BASE, 1200), 2);
        process.storeRow(page(BASE, 600), 2, 1);
        process.unmap(page(BASE, 1), 1200);
        assertEquals(2, process.vmaCount());
        assertEquals(0, mm.anonymousPageCount());
    }

    @Test
    void munmapGivesDevicePagesBackWithoutCopying() {
        process.mapAt(BASE, 3);
        process.storeRow(BASE, 3, 1);
        device.pull(process, BASE, 3);
        int free = machine.machine().ram().freePageCount();
        for (int first : new int[] {0, 2, 1}) {
            process.unmap(page(BASE, first), 1);
            machine.check();
        }
        assertEquals(16, device.freePageCount());
        assertEquals(free, machine.machine().ram().freePageCount());
        assertEquals(0, device.ramCalls());
    }

    @Test
    void munmapInTheChildKeepsTheParentsDevicePage() {
        process.mapAt(BASE, 1);
        process.store(BASE, 1);
        device.pull(process, BASE, 1);
        TestProcess child = process.fork();
        child.unmap(BASE, 1);
        assertTrue(device.holds(process, BASE));
        assertEquals(1, machine.folios().mapCount(process.pageAt(BASE)));
        assertEquals(1, process.load(BASE));
    }

    @Test
    void pageTablesGoWithTheLastMappingNearThem() {
        process.mapAt(BASE, 1);
        process.mapAt(page(BASE, 2), 1);
        process.store(BASE, 1);
        assertEquals(1, mm.pageTable().leafCount());
        process.unmap(BASE, 1);
        assertEquals(1, mm.pageTable().leafCount(), "a neighbour still needs it");
        process.unmap(page(BASE, 2), 1);
        assertEquals(0, mm.pageTable().leafCount());
    }

    /// The last 2 MiB end beyond the last address; their table once stayed for that.
    @Test
    void pageTableOfTheLastAddressesGoesToo() {
        long address = process.map(1);
        process.store(address, 1);
        process.unmap(address, 1);
        assertEquals(0, mm.pageTable().leafCount());
    }

    @Test
    void cpuNoticesThatItsCachedPageTableIsGone() {
        process.mapAt(BASE, 1);
        process.store(BASE, 1);
        process.unmap(BASE, 1);
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(BASE));
        process.mapAt(BASE, 1);
        assertEquals(0, process.load(BASE));
        process.store(BASE, 2);
        assertEquals(2, process.load(BASE));
    }

    // mprotect.

    @Test
    void mprotectRefusesWhatCanNotBe() {
        process.mapAt(BASE, 2);
        assertEquals(Errno.EINVAL, mm.mprotect(BASE + 1, 4096, 0));
        assertEquals(Errno.OK, mm.mprotect(BASE, 0, 0));
        assertEquals(Errno.ENOMEM, mm.mprotect(BASE, -4096, 0));
        assertEquals(Errno.ENOMEM, mm.mprotect(page(BASE, 2), 4096, 0));
        assertEquals(1, process.vmaCount());
    }

    @Test
    void mprotectChangesWhatLiesBelowAHole() {
        process.mapAt(BASE, 2);
        process.mapAt(page(BASE, 3), 1);
        assertEquals(Errno.ENOMEM, mm.mprotect(BASE, bytes(4), VmFlags.READ));
        assertEquals(FaultResult.SIGSEGV, process.tryStore(page(BASE, 1), 1));
        process.store(page(BASE, 3), 1);
    }

    @Test
    void accessIsWhatTheVmaPermits() {
        process.mapAt(BASE, 2);
        process.store(BASE, 1);
        process.protect(BASE, 2, VmFlags.READ);
        assertEquals(1, process.load(BASE));
        assertEquals(FaultResult.SIGSEGV, process.tryStore(BASE, 2));
        process.protect(BASE, 2, 0);
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(BASE));
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(BASE, 1)));
        assertTrue(PageTableEntry.isProtNone(process.entry(BASE)));
        process.protect(BASE, 2, READ_WRITE);
        assertEquals(1, process.load(BASE));
        process.store(BASE, 3);
    }

    @Test
    void exclusivePageBecomesWritableAgainWithoutAFault() {
        process.mapAt(BASE, 1);
        process.store(BASE, 1);
        process.protect(BASE, 1, VmFlags.READ);
        process.protect(BASE, 1, READ_WRITE);
        assertTrue(PageTableEntry.isWritable(process.entry(BASE)));
    }

    @Test
    void sharedPageDoesNotBecomeWritable() {
        process.mapAt(BASE, 1);
        process.store(BASE, 1);
        TestProcess child = process.fork();
        child.protect(BASE, 1, VmFlags.READ);
        child.protect(BASE, 1, READ_WRITE);
        assertEquals(Shape.PRESENT, child.shape(BASE));
        assertTrue(!PageTableEntry.isWritable(child.entry(BASE)));
        child.store(BASE, 2);
        assertEquals(1, process.load(BASE));
    }

    @Test
    void zeroPageDoesNotBecomeWritable() {
        process.mapAt(BASE, 1);
        assertEquals(0, process.load(BASE));
        process.protect(BASE, 1, VmFlags.READ);
        process.protect(BASE, 1, READ_WRITE);
        assertTrue(!PageTableEntry.isWritable(process.entry(BASE)));
        process.store(BASE, 1);
        assertEquals(1, process.load(BASE));
    }

    @Test
    @Tag("T-3.5")
    void anyChangeOfProtectionMakesADeviceEntryTheReadType() {
        process.mapAt(BASE, 2);
        process.storeRow(BASE, 2, 1);
        device.pull(process, BASE, 2);
        process.protect(BASE, 2, READ_WRITE | VmFlags.EXEC);
        assertTrue(PageTableEntry.isDevicePrivate(process.entry(BASE)));
        assertTrue(!PageTableEntry.isWritableDevicePrivate(process.entry(BASE)));
        process.store(BASE, 7);
        assertEquals(7, process.load(BASE));
        assertTrue(PageTableEntry.isWritable(process.entry(BASE)), "writable once it is back");
    }

    // exit.

    @Test
    @Tag("T-3.10")
    void exitGivesEverythingBack() {
        process.mapAt(BASE, 4);
        process.storeRow(BASE, 4, 1);
        device.pull(process, BASE, 2);
        int free = machine.machine().ram().freePageCount();
        mm.exit();
        assertEquals(16, device.freePageCount());
        assertEquals(free + 2, machine.machine().ram().freePageCount());
        assertEquals(0, mm.pageTable().leafCount());
        assertTrue(mm.isExited());
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(BASE));
    }

    @Test
    void mirrorThatIsToldOfTheEndCanNotLookAtMappingsAnyMore() {
        boolean[] exited = new boolean[1];
        Insertion insertion =
                mm.notifiers()
                        .insert(
                                0,
                                Long.MAX_VALUE,
                                (own, range, sequence) -> {
                                    own.setSequence(sequence);
                                    exited[0] = mm.isExited();
                                    return true;
                                });
        mm.exit();
        assertTrue(exited[0]);
        assertInstanceOf(Insertion.Inserted.class, insertion).notifier().close();
    }

    @Test
    void exitedProcessCanNotExitAgain() {
        mm.exit();
        assertThrows(Check.Broken.class, mm::exit);
    }

    @Test
    void lookupsAnswerByAddress() {
        process.mapAt(BASE, 1);
        process.mapAt(page(BASE, 2), 1);
        mm.lockRead();
        assertNull(mm.lookupVma(page(BASE, 1)));
        Vma next = mm.lookupVmaFrom(page(BASE, 1));
        assertTrue(next != null && next.start() == page(BASE, 2));
        assertNull(mm.lookupVmaFrom(page(BASE, 3)));
        mm.unlockRead();
    }
}
