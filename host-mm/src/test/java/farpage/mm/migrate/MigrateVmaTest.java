package farpage.mm.migrate;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFaultHandler;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Migrations from *setup* to *finish*: contents, places and counts, and who is told.
final class MigrateVmaTest {
    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(8);

    @Test
    void contentsSurviveTheRoundTrip() {
        process.storeRow(address, 8, 1);
        assertEquals(8, device.pull(process, address, 8));
        for (int i = 0; i < 8; i++) {
            assertTrue(device.holds(process, page(address, i)));
            assertEquals(i + 1, device.load(process.pageAt(page(address, i))));
        }
        machine.check();
        assertEquals(8, device.push(process, address, 8));
        assertEquals(16, device.freePageCount());
        process.assertRow(address, 8, 1);
        assertEquals(0, device.ramCalls(), "no fault was needed");
    }

    @Test
    void whatTheDeviceWroteComesBack() {
        process.storeRow(address, 2, 1);
        device.pull(process, address, 2);
        device.bytes(process.pageAt(address)).fill((byte) 9);
        assertEquals(9, process.load(address));
        assertEquals(2, process.load(page(address, 1)));
        assertEquals(2, device.ramCalls());
    }

    @Test
    void sourceFramesAreFreed() {
        process.storeRow(address, 8, 1);
        int free = machine.machine().ram().freePageCount();
        device.pull(process, address, 8);
        assertEquals(free + 8, machine.machine().ram().freePageCount());
    }

    @Test
    void holesBecomeZeroPagesOfTheDevice() {
        process.store(page(address, 2), 3);
        assertEquals(8, device.pull(process, address, 8));
        assertEquals(8, process.mm().anonymousPageCount());
        assertTrue(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
        assertEquals(0, process.load(address));
        assertEquals(3, process.load(page(address, 2)));
    }

    @Test
    void filledHoleHasASourceWordWithoutAPage() {
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    device.fillDevice(migrate);
                    migrate.pages();
                    assertEquals(MigratePfn.ofHole(0), migrate.src(0));
                    assertFalse(MigratePfn.hasMigrated(migrate.src(0)));
                    migrate.finish();
                    return Errno.OK;
                });
    }

    @Test
    void holeInAReadOnlyVmaIsFilledReadOnly() {
        process.protect(address, 8, VmFlags.READ);
        assertEquals(1, device.pull(process, address, 1));
        long entry = process.entry(address);
        assertTrue(PageTableEntry.isDevicePrivate(entry));
        assertFalse(PageTableEntry.isWritableDevicePrivate(entry));
        assertTrue(exclusive(process.pageAt(address)));
    }

    @Test
    void driverMayFillAHoleWithASystemPage() {
        assertEquals(0, process.load(address), "the zero page");
        long[] pages = new long[2];
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(2), vma, address, 2);
                    assertEquals(2, machine.machine().allocateLockedPages(pages, 2));
                    for (int i = 0; i < 2; i++) {
                        machine.machine().ram().bytes(pages[i]).fill((byte) 7);
                        migrate.setDst(i, MigratePfn.ofPage(pages[i]));
                    }
                    migrate.pages();
                    migrate.finish();
                    return Errno.OK;
                });
        assertEquals(pages[0], process.pageAt(address));
        assertTrue(PageTableEntry.isWritable(process.entry(page(address, 1))));
        assertTrue(exclusive(pages[1]));
        assertEquals(7, process.load(page(address, 1)) & 0xff);
        assertEquals(1, device.pull(process, address, 1));
        assertEquals(7, process.load(address) & 0xff);
        machine.check();
    }

    @Test
    void writableMappingStaysWritableOnTheDeviceAndBack() {
        process.store(address, 1);
        device.pull(process, address, 1);
        assertTrue(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
        assertTrue(exclusive(process.pageAt(address)));
        device.push(process, address, 1);
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertTrue(exclusive(process.pageAt(address)));
    }

    @Test
    void readOnlyMappingStaysReadOnlyOnTheDeviceAndBack() {
        process.store(address, 1);
        process.protect(address, 8, VmFlags.READ);
        device.pull(process, address, 1);
        assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
        device.push(process, address, 1);
        assertFalse(PageTableEntry.isWritable(process.entry(address)));
        assertEquals(FaultResult.SIGSEGV, process.tryStore(address, 2));
        assertEquals(1, process.load(address));
    }

    @Test
    void pageOfAVmaWithoutAccessComesBackOutOfReach() {
        process.store(address, 1);
        device.pull(process, address, 1);
        process.protect(address, 8, 0);
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(address));
        assertEquals(1, device.push(process, address, 1));
        assertTrue(PageTableEntry.isProtNone(process.entry(address)));
        process.protect(address, 8, VmFlags.READ);
        assertEquals(1, process.load(address));
    }

    @Test
    @Tag("T-2.24")
    void dirtyIsCarriedByTheFolioOverARoundTrip() {
        process.store(address, 1);
        assertTrue(PageTableEntry.isDirty(process.entry(address)));
        device.pull(process, address, 1);
        assertFalse(PageTableEntry.isDirty(process.entry(address)));
        assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY));
        device.push(process, address, 1);
        assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY));
    }

    @Test
    void pageComesBackOldAndClean() {
        process.store(address, 1);
        device.pull(process, address, 1);
        device.push(process, address, 1);
        assertFalse(PageTableEntry.isYoung(process.entry(address)));
        assertFalse(PageTableEntry.isDirty(process.entry(address)));
    }

    @Test
    void pagePutBackIsStillYoungAndDirty() {
        process.store(address, 1);
        long before = process.entry(address);
        process.withVma(
                address,
                vma -> TestDevice.complete(TestDevice.setup(device.toDevice(1), vma, address, 1)));
        assertEquals(before, process.entry(address));
    }

    @Test
    @Tag("T-2.16")
    void pagesWithoutADestinationStay() {
        process.storeRow(address, 4, 1);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(8), vma, address, 8);
                    assertTrue(device.fillDevice(migrate, 1));
                    assertTrue(device.fillDevice(migrate, 6));
                    migrate.pages();
                    for (int i = 0; i < 8; i++) {
                        assertEquals(i == 1 || i == 6, MigratePfn.isMigrating(migrate.src(i)));
                    }
                    migrate.finish();
                    return Errno.OK;
                });
        for (int i = 0; i < 8; i++) {
            assertEquals(i == 1 || i == 6, device.holds(process, page(address, i)));
        }
        process.assertRow(address, 4, 1);
    }

    @Test
    void deviceThatIsFullTakesWhatItCan() {
        process.storeRow(address, 8, 1);
        TestDevice small = machine.newDevice(3);
        assertEquals(3, small.pull(process, address, 8));
        assertEquals(0, small.freePageCount());
        assertEquals(0, small.pull(process, page(address, 3), 5));
        process.assertRow(address, 8, 1);
    }

    @Test
    void rangeMaySpanPageTables() {
        long start = 0x40000000L + PageSize.PMD_SIZE - PageSize.pageAddress(3);
        process.mapAt(start, 6);
        process.storeRow(start, 6, 1);
        assertEquals(6, device.pull(process, start, 6));
        process.assertRow(start, 6, 1);
    }

    @Test
    void rangeMaySpanPageTablesThatWereNeverMade() {
        long start = 0x40000000L - PageSize.pageAddress(2);
        process.mapAt(start, 4);
        process.store(page(start, 3), 4);
        assertEquals(4, device.pull(process, start, 4));
        assertEquals(0, process.load(start));
        assertEquals(4, process.load(page(start, 3)));
    }

    @Test
    void migratedPagesAreCounted() {
        process.storeRow(address, 2, 1);
        VmStat vmStat = machine.machine().vmStat();
        device.pull(process, address, 2);
        assertEquals(2, vmStat.get(VmStat.Event.PGMIGRATE_SUCCESS));
        process.withVma(
                address,
                vma -> TestDevice.complete(TestDevice.setup(device.toSystem(2), vma, address, 2)));
        assertEquals(2, vmStat.get(VmStat.Event.PGMIGRATE_FAIL));
    }

    // Somebody else is faster.

    @Test
    @Tag("T-2.15")
    void cpuStoreIntoAHoleWinsOverTheMigration() {
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(2), vma, address, 2);
                    assertEquals(2, device.fillDevice(migrate));
                    assertEquals(
                            FaultResult.HANDLED, PageFaultHandler.handleLocked(vma, address, true));
                    migrate.pages();
                    assertFalse(MigratePfn.isMigrating(migrate.src(0)));
                    assertTrue(MigratePfn.isMigrating(migrate.src(1)));
                    migrate.finish();
                    return Errno.OK;
                });
        assertEquals(Shape.PRESENT, process.shape(address));
        assertTrue(device.holds(process, page(address, 1)));
        assertEquals(15, device.freePageCount(), "the loser's page was freed");
    }

    @Test
    void cpuLoadFromAHoleDoesNotStopTheMigration() {
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    device.fillDevice(migrate);
                    assertEquals(
                            FaultResult.HANDLED,
                            PageFaultHandler.handleLocked(vma, address, false));
                    assertEquals(Shape.PRESENT, process.shape(address));
                    assertEquals(1, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertTrue(device.holds(process, address));
    }

    @Test
    void referenceTakenAfterSetupKeepsThePage() {
        process.store(address, 4);
        long page = process.pageAt(address);
        process.withVma(
                address,
                vma -> {
                    MigrateVma migrate = TestDevice.setup(device.toDevice(1), vma, address, 1);
                    device.fillDevice(migrate);
                    machine.folios().get(page);
                    assertEquals(0, TestDevice.complete(migrate));
                    return Errno.OK;
                });
        assertEquals(page, process.pageAt(address));
        machine.machine().put(page);
        assertEquals(4, process.load(address));
    }

    @Test
    @Tag("T-2.28")
    void cpuSleepsUntilTheMigrationIsFinished() {
        process.store(address, 6);
        Agent<Integer> cpu =
                process.withVma(
                        address,
                        vma -> {
                            MigrateVma migrate =
                                    TestDevice.setup(device.toDevice(1), vma, address, 1);
                            Agent<Integer> reader =
                                    Agent.start(() -> new TestProcess(process.mm()).load(address));
                            reader.awaitWaiting();
                            device.fillDevice(migrate);
                            migrate.pages();
                            assertFalse(reader.isDone());
                            migrate.finish();
                            return reader;
                        });
        assertEquals(6, cpu.finish());
        assertEquals(1, device.ramCalls());
    }

    // Several processes.

    @Test
    @Tag("T-2.10")
    void pageOfTwoProcessesMovesForBoth() {
        process.storeRow(address, 2, 1);
        TestProcess child = process.fork();
        assertEquals(2, device.pull(process, address, 2));
        assertEquals(process.pageAt(address), child.pageAt(address));
        assertTrue(device.holds(child, address));
        assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
        assertEquals(2, machine.folios().mapCount(process.pageAt(address)));
        assertFalse(exclusive(process.pageAt(address)));
        machine.check();
        child.assertRow(address, 2, 1);
        assertEquals(0, device.pagemap().livePageCount());
        process.assertRow(address, 2, 1);
    }

    @Test
    void pageOfThreeGenerationsMovesForAll() {
        process.store(address, 1);
        TestProcess child = process.fork();
        TestProcess grandchild = child.fork();
        assertEquals(1, device.pull(grandchild, address, 1));
        assertTrue(device.holds(process, address));
        assertTrue(device.holds(child, address));
        child.mm().exit();
        grandchild.store(address, 2);
        assertEquals(1, process.load(address));
        assertEquals(2, grandchild.load(address));
    }

    @Test
    void pageBornInTheChildDoesNotMoveTheParents() {
        process.store(address, 1);
        TestProcess child = process.fork();
        child.store(address, 2);
        assertEquals(1, device.pull(child, address, 1));
        assertEquals(Shape.PRESENT, process.shape(address));
        assertEquals(1, process.load(address));
        assertEquals(2, child.load(address));
    }

    // Mirrors.

    @Test
    @Tag("T-2.13")
    void mirrorsAreToldOfTheMigrationWithItsOwner() {
        process.storeRow(address, 2, 1);
        try (EventLog log = new EventLog(process.mm())) {
            device.pull(process, address, 2);
            List<MmuNotifierRange> ranges = log.take();
            assertEquals(1, ranges.size());
            assertEquals(MmuNotifierRange.Event.MIGRATE, ranges.getFirst().event());
            assertTrue(EventLog.isOf(ranges.getFirst(), device));
            assertEquals(address, ranges.getFirst().start());
            assertEquals(page(address, 2), ranges.getFirst().end());
        }
    }

    @Test
    @Tag("T-2.14")
    void mirrorsOfOtherProcessesAreToldThatThePageIsCleared() {
        process.store(address, 1);
        TestProcess child = process.fork();
        try (EventLog log = new EventLog(child.mm())) {
            device.pull(process, address, 1);
            List<MmuNotifierRange> ranges = log.take();
            assertEquals(1, ranges.size());
            assertEquals(MmuNotifierRange.Event.CLEAR, ranges.getFirst().event());
            assertNull(ranges.getFirst().owner());
        }
    }

    @Test
    void insertionIntoHolesIsToldOnceFromTheFirstHoleOn() {
        process.store(address, 1);
        try (EventLog log = new EventLog(process.mm())) {
            device.pull(process, address, 4);
            List<MmuNotifierRange> ranges = log.take();
            assertEquals(2, ranges.size());
            assertEquals(page(address, 1), ranges.getLast().start());
            assertEquals(page(address, 4), ranges.getLast().end());
            assertTrue(EventLog.isOf(ranges.getLast(), device));
        }
    }

    // The fault page.

    @Test
    @Tag("T-2.21")
    void faultPageMovesWithItsTwoReferences() {
        process.store(address, 3);
        device.pull(process, address, 1);
        assertEquals(3, process.load(address));
        assertEquals(1, device.ramCalls());
        assertEquals(0, device.pagemap().livePageCount());
    }

    @Test
    @Tag("T-2.21")
    void faultPageWithAStrayReferenceStays() {
        process.store(address, 3);
        device.pull(process, address, 1);
        long page = process.pageAt(address);
        machine.folios().get(page);
        process.withVma(
                address,
                vma -> {
                    assertEquals(
                            FaultResult.HANDLED,
                            PageFaultHandler.handleLocked(vma, address, false));
                    return Errno.OK;
                });
        assertTrue(device.holds(process, address), "the fault comes again");
        machine.machine().put(page);
        assertEquals(3, process.load(address));
    }

    @Test
    void migrationObjectCanBeUsedAgain() {
        process.storeRow(address, 4, 1);
        MigrateVma migrate = device.toDevice(4);
        List<Integer> moved = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            long start = page(address, 2 * i);
            process.withVma(
                    address,
                    vma -> {
                        device.fillDevice(TestDevice.setup(migrate, vma, start, 2));
                        return moved.add(TestDevice.complete(migrate));
                    });
        }
        assertEquals(List.of(2, 2), moved);
        process.assertRow(address, 4, 1);
    }

    private boolean exclusive(long page) {
        return machine.folios().hasFlag(page, FolioFlags.ANON_EXCLUSIVE);
    }
}
