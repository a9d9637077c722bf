package farpage.mm.memcg;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// What is charged to whom, and what happens at a limit.
final class MemCgroupTest {
    @RegisterExtension final TestMachine machine = new TestMachine(256);
    private final TestDevice device = machine.newDevice(32);
    private final MemCgroups groups = machine.machine().memcgs();
    private final MemCgroup outer = groups.newGroup(groups.root(), "outer");
    private final MemCgroup inner = groups.newGroup(outer, "inner");
    private final TestProcess process = new TestProcess(machine.machine().newProcess(inner));

    private static long pages(long count) {
        return PageSize.pageAddress(count);
    }

    @Test
    void pagesAreChargedToTheGroupAndThoseAround() {
        long address = process.map(8);
        process.storeRow(address, 8, 1);
        assertEquals(pages(8), inner.usage());
        assertEquals(pages(8), outer.usage());
        assertEquals(pages(8), groups.root().usage());
        assertEquals(pages(8), outer.stat().anon());
        process.load(page(address, 3));
        process.unmap(address, 8);
        assertEquals(0, outer.usage());
        assertEquals(pages(8), outer.peak());
    }

    @Test
    @Tag("T-2.23")
    void chargeIsTheSameAfterARoundTripAndFillingAHoleAddsOne() {
        long address = process.map(5);
        process.storeRow(address, 4, 1);
        assertEquals(5, device.pull(process, address, 5));
        assertEquals(pages(5), inner.usage(), "four that moved and one hole");
        assertEquals(pages(5), inner.stat().device());
        assertEquals(5, device.push(process, address, 5));
        assertEquals(pages(5), inner.usage());
        assertEquals(0, inner.stat().device());
        process.assertRow(address, 4, 1);
        process.unmap(address, 5);
        assertEquals(0, inner.usage());
    }

    @Test
    void returnToSystemMemoryDoesNotFailBecauseOfTheLimit() {
        long address = process.map(8);
        process.storeRow(address, 8, 1);
        device.pull(process, address, 8);
        assertEquals(Errno.OK, inner.setMax(pages(1)));
        process.assertRow(address, 8, 1);
        assertEquals(pages(8), inner.usage());
    }

    @Test
    void cpuFaultThatFindsNoFrameLeavesThePageAndItsChargeOnTheDevice() {
        long address = process.map(1);
        process.store(address, 7);
        device.pull(process, address, 1);
        TestProcess other = machine.newProcess();
        int frames = machine.machine().ram().freePageCount();
        long all = other.map(frames);
        other.storeRow(all, frames, 1);
        assertEquals(FaultResult.OUT_OF_MEMORY, process.tryLoad(address));
        assertTrue(device.holds(process, address));
        assertEquals(pages(1), inner.usage());
        machine.check();
        other.unmap(all, 1);
        assertEquals(7, process.load(address));
        assertEquals(pages(1), inner.usage());
    }

    @Test
    void pagesOnADeviceCountAgainstTheLimitAndCannotBeReclaimed() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(256)));
        assertEquals(Errno.OK, inner.setMax(pages(4)));
        long address = process.map(5);
        process.storeRow(address, 4, 1);
        assertEquals(4, device.pull(process, address, 4));
        assertEquals(FaultResult.OUT_OF_MEMORY, process.tryStore(page(address, 4), 5));
        process.unmap(address, 1);
        assertEquals(pages(3), inner.usage(), "freed by the device's driver");
        process.store(page(address, 4), 5);
    }

    @Test
    void holeIsNotFilledBeyondTheLimit() {
        assertEquals(Errno.OK, inner.setMax(pages(4)));
        long address = process.map(6);
        process.storeRow(address, 3, 1);
        assertEquals(4, device.pull(process, address, 6), "one hole of three");
        assertEquals(pages(4), inner.usage());
        assertEquals(4, device.pagemap().livePageCount());
        assertEquals(4, process.mm().anonymousPageCount());
        process.assertRow(address, 3, 1);
    }

    @Test
    void limitWithoutSwapIsOutOfMemory() {
        assertEquals(Errno.OK, outer.setMax(pages(4)));
        long address = process.map(8);
        process.storeRow(address, 4, 1);
        assertEquals(FaultResult.OUT_OF_MEMORY, process.tryStore(page(address, 4), 5));
        assertEquals(1, outer.events(MemCgroup.Event.OOM));
        assertEquals(pages(4), inner.usage());
        process.unmap(address, 1);
        process.store(page(address, 4), 5);
    }

    @Test
    void limitWithSwapSendsPagesOfTheGroupThere() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(256)));
        assertEquals(Errno.OK, inner.setMax(pages(8)));
        TestProcess other = machine.newProcess();
        long others = other.map(16);
        other.storeRow(others, 16, 1);
        long address = process.map(40);
        process.storeRow(address, 40, 1);
        assertTrue(inner.usage() <= pages(8));
        assertTrue(inner.swapUsage() >= pages(32));
        assertEquals(16, other.mm().anonymousPageCount(), "pages of others stay");
        machine.check();
        process.assertRow(address, 40, 1);
        process.unmap(address, 40);
        assertEquals(0, outer.usage());
        assertEquals(0, outer.swapUsage());
    }

    @Test
    void limitForSwapKeepsPagesInMemory() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(256)));
        assertEquals(Errno.OK, inner.setMax(pages(8)));
        assertEquals(Errno.OK, inner.setSwapMax(pages(4)));
        long address = process.map(40);
        int stored = 0;
        while (process.tryStore(page(address, stored), stored) == FaultResult.HANDLED) {
            stored++;
        }
        assertEquals(12, stored);
        assertTrue(inner.events(MemCgroup.Event.SWAP_MAX) > 0);
    }

    @Test
    void chargeStaysWithItsOwnerUntilThePageIsFreed() {
        long address = process.map(4);
        process.storeRow(address, 4, 1);
        TestProcess child = process.fork();
        process.mm().exit();
        assertEquals(Errno.EBUSY, inner.remove(), "the child is in it");
        assertEquals(pages(4), inner.usage());
        child.store(address, 9);
        assertEquals(pages(4), inner.usage(), "the only one that maps the page writes in place");
        child.mm().exit();
        assertEquals(0, inner.usage());
        assertEquals(Errno.OK, inner.remove());
    }

    @Test
    void loweredLimitReclaimsWhatItCan() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(256)));
        long address = process.map(40);
        process.storeRow(address, 40, 1);
        assertEquals(Errno.OK, inner.setMax(pages(10)));
        assertTrue(inner.usage() <= pages(10));
        process.assertRow(address, 40, 1);
    }
}
