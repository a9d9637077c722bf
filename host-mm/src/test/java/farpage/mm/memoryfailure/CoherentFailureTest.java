package farpage.mm.memoryfailure;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.mempolicy.Mbind;
import farpage.mm.mempolicy.MempolicyMode;
import farpage.mm.numa.MemoryNode;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Memory of a device breaks that CPUs map: as pages of the device, and as pages of a node.
@Tag("T-11.5")
final class CoherentFailureTest {
    private static final int NODE_PAGES = 1024;

    @RegisterExtension
    final TestMachine machine =
            new TestMachine(NODE_PAGES, MemoryNode.ofSize(4096L * NODE_PAGES).withIsolation(true));

    private final TestDevice device = machine.newCoherentDevice(8);
    private final TestProcess process = machine.newProcess();

    private Outcome fail(long page) {
        return machine.machine().memoryFailure().fail(page);
    }

    @Test
    void brokenPageOfANodeIsAnErrorToWhoReadsItAndTheOthersAreUnaffected() {
        long address = process.map(4);
        assertEquals(
                Errno.OK,
                Mbind.call(
                        process.mm(),
                        address,
                        PageSize.pageAddress(4),
                        MempolicyMode.BIND,
                        0b10,
                        0));
        process.storeRow(address, 4, 1);
        long broken = process.pageAt(page(address, 1));
        assertEquals(1, machine.machine().numa().node(broken));
        assertEquals(new Outcome(Errno.OK, BrokenPage.DIRTY_LRU, Recovery.RECOVERED), fail(broken));
        machine.check();
        assertEquals(FaultResult.HWPOISON, process.tryLoad(page(address, 1)));
        assertEquals(1, process.load(address));
        process.assertRow(page(address, 2), 2, 3);
        process.unmap(address, 4);
        assertEquals(NODE_PAGES - 1, machine.machine().ram().freePageCount(1), "for good");
        assertEquals(NODE_PAGES - 1, machine.machine().ram().freePageCount(0), "all but the zeros");
        assertFalse(machine.machine().ram().isFree(broken));
    }

    @Test
    void freePageOfANodeThatBreaksIsNeverHandedOut() {
        long last = machine.machine().ram().firstPage(1) + NODE_PAGES - 1;
        assertEquals(new Outcome(Errno.OK, BrokenPage.FREE, Recovery.RECOVERED), fail(last));
        assertEquals(NODE_PAGES - 1, machine.machine().ram().freePageCount(1));
        assertEquals(1, machine.machine().memoryFailure().poisonedPageCount());
    }

    @Test
    void brokenCoherentPageOfADeviceIsAnErrorToAllWhoMapItIfTheDriverHelps() {
        device.handleFailures();
        long address = process.map(3);
        process.storeRow(address, 3, 1);
        device.pull(process, address, 3);
        TestProcess child = process.fork();
        long broken = process.pageAt(page(address, 1));
        assertEquals(Recovery.RECOVERED, fail(broken).recovery());
        machine.check();
        assertEquals(Shape.HWPOISON, process.shape(page(address, 1)));
        for (TestProcess each : new TestProcess[] {process, child}) {
            assertEquals(FaultResult.HWPOISON, each.tryLoad(page(address, 1)));
            assertEquals(1, each.load(address));
            assertEquals(3, each.load(page(address, 2)));
        }
        assertEquals(Errno.OK, fail(broken).errno(), "known already");
        process.unmap(address, 3);
        child.unmap(address, 3);
        machine.check();
        assertEquals(7, device.freePageCount(), "the driver keeps it");
        assertEquals(0, device.pagemap().livePageCount(), "and nobody has it");
    }

    @Test
    void withoutTheDriversHelpNothingIsDone() {
        long address = process.map(1);
        process.store(address, 1);
        device.pull(process, address, 1);
        assertEquals(Errno.ENXIO, fail(process.pageAt(address)).errno());
        assertEquals(1, process.load(address));
        assertFalse(machine.machine().memoryFailure().isAny());
    }

    @Test
    void freePageOfTheDeviceThatBreaksIsNeverHandedOut() {
        device.handleFailures();
        long broken = device.pagemap().page(3);
        assertEquals(Errno.OK, fail(broken).errno());
        assertEquals(7, device.freePageCount());
        long address = process.map(8);
        process.storeRow(address, 8, 1);
        assertEquals(7, device.pull(process, address, 8));
        for (int i = 0; i < 7; i++) {
            assertTrue(process.pageAt(page(address, i)) != broken);
        }
        process.unmap(address, 8);
        assertEquals(7, device.freePageCount());
    }

    @Test
    void brokenPrivatePageIsTakenFromAllWhoHaveIt() {
        TestDevice hidden = machine.newDevice(8);
        hidden.takeBrokenPages();
        long address = process.map(3);
        process.storeRow(address, 3, 1);
        assertEquals(3, hidden.pull(process, address, 3));
        TestProcess child = process.fork();
        long broken = process.pageAt(page(address, 1));
        assertEquals(Recovery.RECOVERED, fail(broken).recovery());
        machine.check();
        for (TestProcess each : new TestProcess[] {process, child}) {
            assertEquals(Shape.HWPOISON, each.shape(page(address, 1)));
            assertEquals(FaultResult.HWPOISON, each.tryLoad(page(address, 1)));
            assertEquals(1, each.load(address));
            assertEquals(3, each.load(page(address, 2)));
        }
        assertEquals(7, hidden.freePageCount());
        assertEquals(0, hidden.pagemap().livePageCount());
        machine.check();
    }
}
