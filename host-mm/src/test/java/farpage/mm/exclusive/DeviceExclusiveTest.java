package farpage.mm.exclusive;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange.Event;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.rmap.RemoveMigrationEntries;
import farpage.mm.rmap.TryToMigrate;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import farpage.mm.userfaultfd.UffdModes;
import farpage.mm.userfaultfd.Userfaultfd;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Pages that a device has to itself, and every way in which the CPUs take them back.
final class DeviceExclusiveTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(4);

    private DeviceExclusive.Answer make(long at, @Nullable Object owner) {
        process.mm().lockRead();
        try {
            return DeviceExclusive.make(process.mm(), at, owner);
        } finally {
            process.mm().unlockRead();
        }
    }

    private long take(long at) {
        if (make(at, null) instanceof DeviceExclusive.Answer.Taken(long page)) {
            DeviceExclusive.release(machine.machine(), page);
            return page;
        }
        throw new AssertionError("not taken");
    }

    private void assertRefused(Errno errno, long at) {
        assertEquals(new DeviceExclusive.Answer.Refused(errno), make(at, null));
    }

    @Test
    @Tag("T-5.9")
    void entryChangesAndNothingElse() {
        process.store(address, 1);
        long before = process.pageAt(address);
        long page = take(address);
        assertEquals(before, page);
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(address));
        assertEquals(page, process.pageAt(address));
        assertEquals(1, machine.folios().refCount(page));
        assertEquals(1, machine.folios().mapCount(page));
        assertEquals(1, process.mm().anonymousPageCount());
        assertTrue(machine.folios().hasFlag(page, FolioFlags.DIRTY));
        assertEquals(1, process.load(address));
        assertEquals(1, process.mm().anonymousPageCount());
        take(address);
        process.unmap(address, 4);
        assertEquals(0, process.mm().anonymousPageCount());
    }

    @Test
    void addressWithinThePageIsRoundedDown() {
        take(address + 77);
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(address));
    }

    @Test
    @Tag("T-5.1")
    void loadOfTheCpuTakesThePageBack() {
        process.store(address, 1);
        long page = take(address);
        machine.machine().ram().bytes(page).fill((byte) 2);
        try (EventLog log = new EventLog(process.mm())) {
            assertEquals(2, process.load(address));
            assertEquals(List.of(Event.CLEAR), log.takeEvents());
        }
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertEquals(page, process.pageAt(address));
    }

    @Test
    void ownerIsToldToTheMirrorsAndOnlyWhenThePageIsTaken() {
        process.store(address, 1);
        Object owner = new Object();
        try (EventLog log = new EventLog(process.mm())) {
            if (make(address, owner) instanceof DeviceExclusive.Answer.Taken(long page)) {
                DeviceExclusive.release(machine.machine(), page);
            }
            var told = log.take();
            assertEquals(1, told.size());
            assertEquals(Event.EXCLUSIVE, told.getFirst().event());
            assertEquals(address, told.getFirst().start());
            assertEquals(page(address, 1), told.getFirst().end());
            assertTrue(EventLog.isOf(told.getFirst(), owner));
        }
    }

    @Test
    @Tag("T-5.2")
    void secondDeviceTakesThePageFromTheFirst() {
        process.store(address, 1);
        take(address);
        try (EventLog log = new EventLog(process.mm())) {
            take(address);
            assertEquals(List.of(Event.CLEAR, Event.EXCLUSIVE), log.takeEvents());
        }
    }

    @Test
    @Tag("T-5.3")
    void devicePrivatePageComesToRamFirst() {
        process.store(address, 1);
        device.pull(process, address, 1);
        take(address);
        assertEquals(1, device.ramCalls());
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(address));
        assertEquals(16, device.freePageCount());
        assertEquals(1, process.load(address));
    }

    @Test
    void untouchedMemoryIsFilledFirst() {
        take(address);
        assertEquals(1, process.mm().anonymousPageCount());
        assertEquals(0, process.load(address));
    }

    @Test
    @Tag("T-5.4")
    void memoryThatMayNotBeWrittenIsRefused() {
        process.protect(address, 1, VmFlags.READ);
        assertRefused(Errno.EFAULT, address);
        process.unmap(address, 1);
        assertRefused(Errno.EFAULT, address);
    }

    @Test
    @Tag("T-5.4")
    void pageOfSharedMemoryIsNotSupported() {
        long shared = process.mapShared(1);
        assertRefused(Errno.EOPNOTSUPP, shared);
        process.store(shared, 1);
        assertRefused(Errno.EOPNOTSUPP, shared);
        assertEquals(Shape.PRESENT, process.shape(shared));
    }

    @Test
    @Tag("T-5.5")
    void forkPutsTheEntryBackAndBothHaveTheData() {
        process.storeRow(address, 2, 1);
        long page = take(address);
        TestProcess child = process.fork();
        assertEquals(Shape.PRESENT, process.shape(address));
        assertEquals(page, child.pageAt(address));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        child.store(address, 5);
        assertEquals(1, process.load(address));
        assertEquals(5, child.load(address));
        assertEquals(2, child.mm().anonymousPageCount());
    }

    @Test
    void forkWaitsForADeviceThatIsJustBeingGivenThePage() {
        process.store(address, 1);
        DeviceExclusive.Answer answer = make(address, null);
        long page = ((DeviceExclusive.Answer.Taken) answer).page();
        Agent<TestProcess> fork = Agent.start(process::fork);
        fork.awaitWaiting();
        DeviceExclusive.release(machine.machine(), page);
        assertEquals(1, fork.finish().load(address));
    }

    @Test
    @Tag("T-5.6")
    void protectionOfAnExclusivePageShowsWhenItComesBack() {
        process.store(address, 1);
        take(address);
        process.protect(address, 1, VmFlags.READ);
        assertEquals(Shape.DEVICE_EXCLUSIVE, process.shape(address));
        assertRefused(Errno.EFAULT, address);
        assertEquals(1, process.load(address));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        process.protect(address, 1, TestProcess.READ_WRITE);
        process.store(address, 2);
    }

    @Test
    @Tag("T-5.7")
    void unmappingFreesThePageAndTellsTheMirrors() {
        process.store(address, 1);
        take(address);
        int free = machine.machine().ram().freePageCount();
        try (EventLog log = new EventLog(process.mm())) {
            process.unmap(address, 1);
            assertEquals(List.of(Event.UNMAP), log.takeEvents());
        }
        assertEquals(free + 1, machine.machine().ram().freePageCount());
    }

    @Test
    void exitFreesThePage() {
        process.store(address, 1);
        take(address);
        process.mm().exit();
        assertEquals(
                machine.machine().ram().pageCount() - 1, machine.machine().ram().freePageCount());
    }

    @Test
    void migrationLeavesAnExclusivePageAlone() {
        process.storeRow(address, 2, 1);
        take(address);
        long entry = process.entry(address);
        assertEquals(1, device.pull(process, address, 2));
        assertEquals(entry, process.entry(address));
    }

    @Test
    void reverseMapFindsAnExclusivePageAndPutsItBackReadOnly() {
        process.store(address, 1);
        long page = take(address);
        machine.folios().get(page);
        machine.folios().lock(page);
        new TryToMigrate(machine.machine()).unmap(page);
        assertEquals(Shape.MIGRATION, process.shape(address));
        assertEquals(0, machine.folios().mapCount(page));
        assertFalse(PageTableEntry.isSharedMigration(process.entry(address)));
        new RemoveMigrationEntries(machine.machine()).restore(page, page);
        machine.folios().unlock(page);
        machine.machine().put(page);
        assertTrue(PageTableEntry.isPresent(process.entry(address)));
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        process.store(address, 2);
        assertEquals(page, process.pageAt(address));
    }

    @Test
    void getUserPagesTakesThePageBack() {
        process.store(address, 1);
        long page = take(address);
        long[] got = new long[1];
        GetUserPages.getFast(process.mm(), address, 1, GupFlags.WRITE, got);
        assertEquals(page, got[0]);
        assertEquals(Shape.PRESENT, process.shape(address));
        machine.machine().put(page);
    }

    @Test
    void earlierPinKeepsItsAccess() {
        process.store(address, 1);
        long[] pinned = new long[1];
        GetUserPages.pinFast(process.mm(), address, 1, GupFlags.WRITE, pinned);
        assertEquals(pinned[0], take(address));
        machine.machine().ram().bytes(pinned[0]).fill((byte) 6);
        assertEquals(6, process.load(address));
        GetUserPages.unpin(machine.machine(), pinned, 1, true);
    }

    @Test
    void softDirtyAndWriteProtectionMarksSurvive() {
        process.store(address, 1);
        process.setEntry(address, PageTableEntry.withSoftDirty(process.entry(address)));
        take(address);
        assertTrue(PageTableEntry.isSoftDirty(process.entry(address)));
        process.load(address);
        assertTrue(PageTableEntry.isSoftDirty(process.entry(address)));
        try (Userfaultfd uffd = Userfaultfd.open(process.mm())) {
            uffd.register(address, PageSize.PAGE_SIZE, UffdModes.REGISTER_WP);
            take(address);
            process.setEntry(address, PageTableEntry.withUffdWp(process.entry(address)));
            process.load(address);
            assertMarkedAgainstStores();
        }
    }

    private void assertMarkedAgainstStores() {
        assertTrue(PageTableEntry.isUffdWp(process.entry(address)));
    }
}
