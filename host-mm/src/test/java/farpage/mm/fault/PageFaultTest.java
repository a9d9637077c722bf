package farpage.mm.fault;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.CpuAccess;
import farpage.mm.Page;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// CPU faults: the first touch, the zero page, copies on write, and pages on a device.
final class PageFaultTest {
    @RegisterExtension final TestMachine machine = new TestMachine(64);
    private final TestDevice device = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    private final long address = process.map(8);

    private int free() {
        return machine.machine().ram().freePageCount();
    }

    private boolean exclusive(long at) {
        return machine.folios().hasFlag(process.pageAt(at), FolioFlags.ANON_EXCLUSIVE);
    }

    // First touch.

    @Test
    void firstLoadMapsTheZeroPage() {
        int free = free();
        assertEquals(0, process.load(address));
        assertTrue(PageTableEntry.isSpecial(process.entry(address)));
        assertEquals(machine.machine().zeroPage(), process.pageAt(address));
        assertEquals(free, free());
        assertEquals(0, process.mm().anonymousPageCount());
        assertEquals(1, process.cpu().faultCount());
    }

    @Test
    void firstStoreMapsAFreshPageOfZeros() {
        assertTrue(process.cpu().begin(address + 100, true) >= 0);
        process.cpu().end();
        assertEquals(0, process.load(address));
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertTrue(exclusive(address));
        assertEquals(1, process.mm().anonymousPageCount());
    }

    @Test
    void recycledFrameIsClearedBeforeItIsMapped() {
        process.storeRow(address, 8, 1);
        process.unmap(address, 8);
        process.mapAt(address, 8);
        assertTrue(process.cpu().begin(address, true) >= 0);
        process.cpu().end();
        assertEquals(0, process.load(address));
    }

    @Test
    void storeToTheZeroPageTakesAPageOfItsOwn() {
        assertEquals(0, process.load(address));
        process.store(address, 1);
        assertEquals(1, process.load(address));
        assertEquals(0, process.load(page(address, 1)), "the zero page is still zero");
        assertEquals(1, process.mm().anonymousPageCount());
    }

    @Test
    void accessOutsideOfMappingsIsASegmentationFault() {
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(page(address, 8)));
        assertEquals(FaultResult.SIGSEGV, process.tryStore(page(address, -1), 1));
        assertEquals(FaultResult.SIGSEGV, process.cpu().fault());
    }

    @Test
    void faultsAreCountedOnce() {
        process.storeRow(address, 8, 1);
        process.assertRow(address, 8, 1);
        assertEquals(8, process.cpu().faultCount());
        assertEquals(8, machine.machine().vmStat().get(VmStat.Event.PGFAULT));
    }

    @Test
    void accessMarksTheEntryYoungAndAStoreDirty() {
        process.load(address);
        assertTrue(PageTableEntry.isYoung(process.entry(address)));
        assertFalse(PageTableEntry.isDirty(process.entry(address)));
        process.store(address, 1);
        assertTrue(PageTableEntry.isDirty(process.entry(address)));
    }

    @Test
    void storeWithoutMemoryFailsAndLeavesNothingBehind() {
        long large = process.map(100);
        int stored = 0;
        while (process.tryStore(page(large, stored), 1) == FaultResult.HANDLED) {
            stored++;
        }
        assertEquals(FaultResult.OUT_OF_MEMORY, process.cpu().fault());
        assertEquals(63, stored);
        assertEquals(0, process.load(page(large, 90)));
        assertEquals(FaultResult.OUT_OF_MEMORY, process.tryStore(page(large, 90), 1));
        machine.check();
        process.unmap(large, 1);
        process.store(page(large, 90), 1);
    }

    // Copy on write.

    @Test
    void forkSharesPagesAndTheFirstStoreCopies() {
        process.storeRow(address, 2, 1);
        TestProcess child = process.fork();
        assertEquals(process.pageAt(address), child.pageAt(address));
        assertFalse(exclusive(address));
        child.store(address, 9);
        assertNotEquals(process.pageAt(address), child.pageAt(address));
        assertEquals(1, process.load(address));
        assertEquals(9, child.load(address));
        assertEquals(2, child.load(page(address, 1)));
        assertEquals(2, child.mm().anonymousPageCount());
    }

    @Test
    void lastSharerReusesThePage() {
        process.store(address, 1);
        TestProcess child = process.fork();
        long page = process.pageAt(address);
        child.store(address, 2);
        int free = free();
        process.store(address, 3);
        assertEquals(page, process.pageAt(address));
        assertTrue(exclusive(address));
        assertEquals(free, free());
        assertEquals(2, child.load(address));
    }

    @Test
    void pageOfAnExitedChildIsReused() {
        process.store(address, 1);
        long page = process.pageAt(address);
        process.fork().mm().exit();
        process.store(address, 3);
        assertEquals(page, process.pageAt(address));
    }

    @Test
    void pageWithAForeignReferenceIsCopiedRatherThanReused() {
        process.store(address, 1);
        process.fork().mm().exit();
        long page = process.pageAt(address);
        machine.folios().get(page);
        process.store(address, 3);
        assertNotEquals(page, process.pageAt(address));
        assertEquals(1, machine.machine().ram().bytes(page).get(BYTE, 0));
        machine.machine().put(page);
    }

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    @Test
    void copyOnWriteClearsThePageForMirrors() {
        process.store(address, 1);
        TestProcess child = process.fork();
        try (EventLog log = new EventLog(child.mm())) {
            child.store(address, 2);
            assertEquals(List.of(MmuNotifierRange.Event.CLEAR), log.takeEvents());
        }
    }

    @Test
    void copyWithoutMemoryFailsAndLeavesTheSharedPage() {
        process.store(address, 1);
        TestProcess child = process.fork();
        List<Long> taken = new ArrayList<>();
        for (long page = take(); page != Page.NONE; page = take()) {
            taken.add(page);
        }
        assertEquals(FaultResult.OUT_OF_MEMORY, child.tryStore(address, 2));
        assertEquals(1, child.load(address));
        for (long page : taken) {
            machine.machine().put(page);
        }
        child.store(address, 2);
        assertEquals(1, process.load(address));
    }

    private long take() {
        return machine.machine().allocateFolio(0);
    }

    @Test
    void forkOfAForkCopiesIndependently() {
        process.store(address, 1);
        TestProcess child = process.fork();
        TestProcess grandchild = child.fork();
        grandchild.store(address, 3);
        child.store(address, 2);
        assertEquals(1, process.load(address));
        assertEquals(2, child.load(address));
        assertEquals(3, grandchild.load(address));
    }

    @Test
    void forkTellsMirrorsOfTheParentThatEntriesLoseTheRightToWrite() {
        process.store(address, 1);
        try (EventLog log = new EventLog(process.mm())) {
            process.fork();
            assertEquals(List.of(MmuNotifierRange.Event.PROTECTION_PAGE), log.takeEvents());
        }
    }

    @Test
    void childHasTheParentsProtections() {
        process.storeRow(address, 8, 1);
        process.protect(address, 2, VmFlags.READ);
        process.protect(page(address, 2), 2, 0);
        TestProcess child = process.fork();
        assertEquals(FaultResult.SIGSEGV, child.tryStore(address, 1));
        assertEquals(FaultResult.SIGSEGV, child.tryLoad(page(address, 2)));
        child.protect(page(address, 2), 2, VmFlags.READ);
        child.assertRow(address, 8, 1);
    }

    // Device-private pages.

    @Test
    void touchingADevicePageBringsItBack() {
        process.storeRow(address, 4, 1);
        device.pull(process, address, 4);
        process.store(page(address, 2), 9);
        assertEquals(1, device.ramCalls());
        assertEquals(3, device.pagemap().livePageCount());
        assertEquals(9, process.load(page(address, 2)));
        assertEquals(2, process.load(page(address, 1)));
        assertEquals(2, device.ramCalls());
    }

    @Test
    @Tag("T-3.3")
    void storeToADevicePageOfTwoProcessesMovesItForBothAndThenCopies() {
        process.store(address, 1);
        device.pull(process, address, 1);
        TestProcess child = process.fork();
        assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
        assertFalse(PageTableEntry.isWritableDevicePrivate(child.entry(address)));
        assertEquals(2, machine.folios().mapCount(process.pageAt(address)));
        child.store(address, 2);
        assertEquals(0, device.pagemap().livePageCount());
        assertEquals(1, process.load(address));
        assertEquals(2, child.load(address));
        assertEquals(1, device.ramCalls());
    }

    @Test
    @Tag("T-3.3")
    void parentStoreLeavesTheChildItsContent() {
        process.store(address, 1);
        device.pull(process, address, 1);
        TestProcess child = process.fork();
        process.store(address, 2);
        assertEquals(1, child.load(address));
        assertEquals(2, process.load(address));
        child.store(address, 3);
        assertEquals(2, process.load(address));
    }

    @Test
    void devicePageOfAForkStaysForTheParentWhenTheChildExits() {
        process.store(address, 1);
        device.pull(process, address, 1);
        process.fork().mm().exit();
        assertTrue(device.holds(process, address));
        assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
        assertEquals(1, machine.folios().refCount(process.pageAt(address)));
        process.store(address, 2);
        assertEquals(2, process.load(address));
    }

    @Test
    @Tag("T-3.16")
    void refusalOfTheDriverReachesTheThread() {
        process.store(address, 1);
        device.pull(process, address, 1);
        device.refuse(FaultResult.SIGBUS, 1);
        assertEquals(FaultResult.SIGBUS, process.tryLoad(address));
        machine.check();
        device.refuse(FaultResult.OUT_OF_MEMORY, 1);
        assertEquals(FaultResult.OUT_OF_MEMORY, process.tryLoad(address));
        machine.check();
        assertEquals(1, process.load(address));
    }

    @Test
    @Tag("T-3.17")
    void driverThatMovesNothingIsAskedAgain() {
        process.store(address, 1);
        device.pull(process, address, 1);
        device.refuse(FaultResult.HANDLED, 7);
        assertEquals(1, process.load(address));
        assertEquals(8, device.ramCalls());
    }

    @Test
    void faultWithoutSystemMemoryLeavesThePageOnTheDevice() {
        process.store(address, 5);
        device.pull(process, address, 1);
        List<Long> taken = new ArrayList<>();
        for (long page = take(); page != Page.NONE; page = take()) {
            taken.add(page);
        }
        assertEquals(FaultResult.OUT_OF_MEMORY, process.tryLoad(address));
        assertTrue(device.holds(process, address));
        for (long page : taken) {
            machine.machine().put(page);
        }
        assertEquals(5, process.load(address));
    }

    @Test
    @Tag("T-3.1")
    void faultSleepsWhileThePageIsLocked() {
        process.store(address, 5);
        device.pull(process, address, 1);
        long page = process.pageAt(address);
        assertTrue(machine.folios().tryLock(page));
        Agent<Integer> cpu = Agent.start(() -> new TestProcess(process.mm()).load(address));
        cpu.awaitWaiting();
        assertEquals(0, device.ramCalls());
        machine.folios().unlock(page);
        assertEquals(5, cpu.finish());
        assertEquals(1, device.ramCalls());
    }

    @Test
    @Tag("T-3.2")
    void threadsThatTouchOneDevicePageAllSeeItsContent() {
        for (int round = 0; round < 50; round++) {
            process.store(address, round);
            device.pull(process, address, 1);
            CountDownLatch start = new CountDownLatch(1);
            List<Agent<Integer>> cpus = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                cpus.add(
                        Agent.start(() -> {
                            Agent.await(start);
                            return new TestProcess(process.mm()).load(address);
                        }));
            }
            int calls = device.ramCalls();
            start.countDown();
            for (Agent<Integer> cpu : cpus) {
                assertEquals(round, cpu.finish());
            }
            assertEquals(calls + 1, device.ramCalls(), "one of them moved it");
        }
    }

    @Test
    void threadsThatStoreToSharedPagesLoseNothing() {
        process.storeRow(address, 8, 1);
        TestProcess child = process.fork();
        CountDownLatch start = new CountDownLatch(1);
        List<Agent<Boolean>> cpus = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            int lane = i;
            TestProcess owner = i % 2 == 0 ? process : child;
            cpus.add(
                    Agent.start(() -> {
                        Agent.await(start);
                        return storeLane(owner, lane);
                    }));
        }
        start.countDown();
        cpus.forEach(Agent::finish);
        for (int at = 0; at < 8; at++) {
            for (int lane = 0; lane < 4; lane++) {
                TestProcess owner = lane % 2 == 0 ? process : child;
                assertEquals(100 + lane, byteAt(owner, page(address, at) + lane));
            }
        }
    }

    private boolean storeLane(TestProcess owner, int lane) {
        CpuAccess cpu = new CpuAccess(owner.mm());
        for (int at = 0; at < 8; at++) {
            long offset = cpu.begin(page(address, at) + lane, true);
            assertTrue(offset >= 0);
            machine.machine().ram().segment().set(BYTE, offset, (byte) (100 + lane));
            cpu.end();
        }
        return true;
    }

    private int byteAt(TestProcess owner, long at) {
        long offset = owner.cpu().begin(at, false);
        assertTrue(offset >= 0);
        byte value = machine.machine().ram().segment().get(BYTE, offset);
        owner.cpu().end();
        return value;
    }
}
