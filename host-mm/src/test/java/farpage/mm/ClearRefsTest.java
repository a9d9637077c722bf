package farpage.mm;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.inspect.PagemapDump;
import farpage.mm.inspect.PagemapWord;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Soft-dirty bits: what sets them, what carries them, and where they get lost.
final class ClearRefsTest {
    private static final int SOFT_DIRTY = 4;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(4);

    private void clear() {
        assertEquals(Errno.OK, process.mm().clearRefs(SOFT_DIRTY));
    }

    private static boolean isSoftDirty(TestProcess owner, long at) {
        long[] words = new long[1];
        assertEquals(Errno.OK, PagemapDump.read(owner.mm(), at, words, true));
        return (words[0] & PagemapWord.SOFT_DIRTY) != 0;
    }

    private boolean isSoftDirty(long at) {
        return isSoftDirty(process, at);
    }

    @Test
    void newMappingIsSoftDirtyEverywhere() {
        assertTrue(isSoftDirty(address));
        process.load(address);
        assertTrue(isSoftDirty(address));
        clear();
        assertFalse(isSoftDirty(address));
        assertFalse(isSoftDirty(page(address, 1)));
    }

    @Test
    @Tag("T-3.13")
    void storeAfterTheClearIsNoticedAndALoadIsNot() {
        process.storeRow(address, 3, 1);
        clear();
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        process.load(address);
        process.store(page(address, 1), 9);
        assertFalse(isSoftDirty(address));
        assertTrue(isSoftDirty(page(address, 1)));
        assertTrue(PageTableEntry.isWritable(process.entry(page(address, 1))));
        assertFalse(isSoftDirty(page(address, 2)));
    }

    @Test
    void firstStoreToAnUntouchedPageIsNoticed() {
        process.load(address);
        clear();
        process.store(address, 1);
        process.store(page(address, 1), 1);
        assertTrue(isSoftDirty(address), "in place of the zero page");
        assertTrue(isSoftDirty(page(address, 1)));
        assertFalse(isSoftDirty(page(address, 2)));
    }

    @Test
    @Tag("T-3.13")
    @Tag("T-2.25")
    void bitTravelsToTheDeviceAndBack() {
        process.storeRow(address, 2, 1);
        clear();
        process.store(address, 5);
        device.pull(process, address, 2);
        assertTrue(isSoftDirty(address));
        assertFalse(isSoftDirty(page(address, 1)));
        device.push(process, address, 2);
        assertTrue(isSoftDirty(address));
        assertFalse(isSoftDirty(page(address, 1)));
        process.store(page(address, 1), 5);
        assertTrue(isSoftDirty(page(address, 1)));
    }

    @Test
    @Tag("T-3.13")
    void clearingWhileThePageIsOnTheDeviceTakesTheBitAndLeavesWrite() {
        process.storeRow(address, 1, 1);
        device.pull(process, address, 1);
        clear();
        assertFalse(isSoftDirty(address));
        assertTrue(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
        process.load(address);
        assertTrue(
                PageTableEntry.isWritable(process.entry(address)),
                "the write type comes back writable");
        process.store(address, 2);
        assertFalse(isSoftDirty(address), "so that this store goes unnoticed, as in the kernel");
    }

    @Test
    @Tag("T-3.13")
    void storeThatBringsThePageBackIsNoticedWhenItsEntryWasReadOnly() {
        process.storeRow(address, 1, 1);
        clear();
        device.pull(process, address, 1);
        assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
        process.store(address, 2);
        assertTrue(isSoftDirty(address));
    }

    @Test
    @Tag("T-3.13")
    void downgradesOfAPageOnADeviceLoseTheBit() {
        process.storeRow(address, 2, 1);
        clear();
        process.storeRow(address, 2, 3);
        device.pull(process, address, 2);
        assertTrue(isSoftDirty(address));
        process.protect(address, 1, VmFlags.READ);
        assertFalse(isSoftDirty(address), "mprotect");
        TestProcess child = process.fork();
        assertFalse(isSoftDirty(page(address, 1)), "fork, in the parent");
        assertFalse(isSoftDirty(child, page(address, 1)), "fork, in the child");
    }

    @Test
    void forkKeepsTheBitOfPagesInMemory() {
        process.storeRow(address, 2, 1);
        clear();
        process.store(address, 2);
        TestProcess child = process.fork();
        assertTrue(isSoftDirty(address));
        assertTrue(isSoftDirty(child, address));
        assertFalse(isSoftDirty(child, page(address, 1)));
        child.store(page(address, 1), 3);
        assertTrue(isSoftDirty(child, page(address, 1)));
        assertFalse(isSoftDirty(page(address, 1)));
    }

    @Test
    void mprotectDoesNotLetAStoreThroughUnnoticed() {
        process.storeRow(address, 1, 1);
        clear();
        process.protect(address, 4, VmFlags.READ);
        process.protect(address, 4, TestProcess.READ_WRITE);
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        process.store(address, 2);
        assertTrue(isSoftDirty(address));
    }

    @Test
    void mirrorsAreToldWithASoftDirtyEvent() {
        process.storeRow(address, 1, 1);
        try (EventLog log = new EventLog(process.mm())) {
            clear();
            assertEquals(List.of(MmuNotifierRange.Event.SOFT_DIRTY), log.takeEvents());
            assertEquals(Errno.OK, process.mm().clearRefs(1));
            assertEquals(List.of(), log.takeEvents());
        }
    }

    @Test
    void pinnedPageStaysSoftDirty() {
        process.storeRow(address, 1, 1);
        long pinned = process.pageAt(address);
        machine.folios().pin(pinned);
        clear();
        assertTrue(isSoftDirty(address));
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertFalse(machine.folios().unpinTestZero(pinned));
    }

    @Test
    void otherNumbersForgetThatPagesWereTouched() {
        process.storeRow(address, 1, 1);
        assertEquals(Errno.OK, process.mm().clearRefs(3));
        assertTrue(PageTableEntry.isYoung(process.entry(address)), "no file is mapped there");
        assertEquals(Errno.OK, process.mm().clearRefs(2));
        assertFalse(PageTableEntry.isYoung(process.entry(address)));
        process.load(address);
        assertEquals(Errno.OK, process.mm().clearRefs(1));
        assertFalse(PageTableEntry.isYoung(process.entry(address)));
        assertTrue(isSoftDirty(address));
        assertEquals(Errno.EINVAL, process.mm().clearRefs(0));
        assertEquals(Errno.EINVAL, process.mm().clearRefs(9));
    }

    @Test
    @Tag("T-1.3")
    void youngAndDirtySurviveAMigrationOnlyWhereEntriesHaveRoomForThem() {
        process.storeRow(address, 1, 1);
        device.pull(process, address, 1);
        device.push(process, address, 1);
        assertFalse(PageTableEntry.isYoung(process.entry(address)), "a device page is old");
        process.store(address, 2);
        restoreInPlace();
        assertTrue(PageTableEntry.isYoung(process.entry(address)));
        assertTrue(PageTableEntry.isDirty(process.entry(address)));
        machine.machine().setMigrationKeepsAccess(false);
        restoreInPlace();
        assertEquals(Shape.PRESENT, process.shape(address));
        assertFalse(PageTableEntry.isYoung(process.entry(address)));
        assertFalse(PageTableEntry.isDirty(process.entry(address)));
        assertTrue(
                machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY),
                "the folio still knows");
    }

    /// A migration of which nothing comes.
    private void restoreInPlace() {
        machine.folios().get(process.pageAt(address));
        device.pull(process, address, 1);
        machine.machine().put(process.pageAt(address));
    }
}
