package farpage.mm.numa;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.fault.FaultResult;
import farpage.mm.inspect.NodesDump;
import farpage.mm.inspect.NumaMapsDump;
import farpage.mm.mempolicy.Mbind;
import farpage.mm.mempolicy.MempolicyMode;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Who gets pages of a node without CPUs: only who names it, or also who finds RAM full.
@Tag("T-11.1")
final class NodeAllocationTest {
    private static final int NODE_PAGES = 1024;
    private static final MemoryNode ISOLATED =
            MemoryNode.ofSize(4096L * NODE_PAGES).withIsolation(true);
    private static final MemoryNode OPEN = MemoryNode.ofSize(4096L * NODE_PAGES);

    /// Node 0, an isolated node, one that allocations fall back to.
    @RegisterExtension final TestMachine machine = new TestMachine(NODE_PAGES, ISOLATED, OPEN);

    private final TestDevice device = machine.newCoherentDevice(64);
    private final TestProcess process = machine.newProcess();

    private Errno bind(long address, int pageCount, MempolicyMode mode, long nodes) {
        return Mbind.call(process.mm(), address, PageSize.pageAddress(pageCount), mode, nodes, 0);
    }

    private int node(long page) {
        return machine.machine().numa().node(page);
    }

    /// @return how many pages were stored to before memory was out
    private static int fill(TestProcess process, long address, int pageCount) {
        for (int i = 0; i < pageCount; i++) {
            FaultResult result = process.tryStore(page(address, i), i);
            if (result != FaultResult.HANDLED) {
                assertEquals(FaultResult.OUT_OF_MEMORY, result);
                return i;
            }
        }
        return pageCount;
    }

    @Test
    void ordinaryAllocationTakesRamThenTheOpenNodeAndNeverTheIsolatedOne() {
        long address = process.map(3 * NODE_PAGES);
        int filled = fill(process, address, 3 * NODE_PAGES);
        assertEquals(2 * NODE_PAGES - 1, filled, "all but the zero page");
        for (int i = 0; i < filled; i++) {
            assertTrue(node(process.pageAt(page(address, i))) != 1);
        }
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(1));
        assertEquals(64, device.freePageCount());
        NumaStat stat = machine.machine().numa().stat();
        assertEquals(NODE_PAGES, stat.get(2, NumaStat.Event.NUMA_MISS));
        assertEquals(NODE_PAGES, stat.get(0, NumaStat.Event.NUMA_FOREIGN));
        assertEquals(0, stat.get(1, NumaStat.Event.NUMA_MISS));
    }

    @Test
    void noOtherAllocationTakesThePagesOfTheIsolatedNodeOrOfTheDevice() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(4 * NODE_PAGES)));
        long shared = process.mapShared(300);
        fill(process, shared, 300);
        long address = process.map(600);
        fill(process, address, 600);
        TestProcess child = process.fork();
        fill(child, address, 600); // copied on write
        long more = child.map(1500);
        fill(child, more, 1500); // what was there goes to swap
        assertEquals(599 & 0xff, process.load(page(address, 599)));
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(1));
        assertEquals(64, device.freePageCount());
        long[] batch = new long[100];
        int locked = machine.machine().allocateLockedPages(batch, batch.length);
        for (int i = 0; i < locked; i++) {
            assertTrue(node(batch[i]) != 1);
            machine.folios().unlock(batch[i]);
            machine.machine().put(batch[i]);
        }
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(1));
    }

    @Test
    void whoNamesTheIsolatedNodeGetsItsPagesAndNoOthers() {
        long address = process.map(NODE_PAGES + 10);
        assertEquals(Errno.OK, bind(address, NODE_PAGES + 10, MempolicyMode.BIND, 0b010));
        assertEquals(NODE_PAGES, fill(process, address, NODE_PAGES + 10));
        assertEquals(1, node(process.pageAt(page(address, 5))));
        assertEquals(0, machine.machine().ram().freePageCount(1));
        assertTrue(machine.machine().ram().freePageCount(0) > NODE_PAGES / 2);
        assertEquals(
                "%x bind:1 anon=1024 dirty=1024 N1=1024 kernelpagesize_kB=4\n".formatted(address),
                NumaMapsDump.text(process.mm()));
        assertTrue(
                NodesDump.text(machine.machine())
                        .contains(
                                "node 1 tier 22 cpus no isolated yes pages 1024 free 0 lru 1024"));
    }

    @Test
    void whoPrefersANodeGetsAnotherWhenItIsFull() {
        long address = process.map(NODE_PAGES + 10);
        assertEquals(Errno.OK, bind(address, NODE_PAGES + 10, MempolicyMode.PREFERRED, 0b010));
        assertEquals(NODE_PAGES + 10, fill(process, address, NODE_PAGES + 10));
        assertEquals(1, node(process.pageAt(page(address, 5))));
        assertEquals(0, node(process.pageAt(page(address, NODE_PAGES + 5))));
        assertEquals(10, machine.machine().numa().stat().get(1, NumaStat.Event.NUMA_FOREIGN));
    }

    @Test
    void interleavedPagesTakeTurns() {
        long address = process.map(30);
        assertEquals(Errno.OK, bind(address, 30, MempolicyMode.INTERLEAVE, 0b111));
        fill(process, address, 30);
        int[] onNode = new int[3];
        for (int i = 0; i < 30; i++) {
            onNode[node(process.pageAt(page(address, i)))]++;
        }
        assertEquals(List.of(10, 10, 10), List.of(onNode[0], onNode[1], onNode[2]));
    }

    @Test
    void policyOfARangeCutsItOffAndAnEqualOneJoinsItAgain() {
        long address = process.map(12);
        assertEquals(Errno.OK, bind(page(address, 4), 4, MempolicyMode.BIND, 0b010));
        assertEquals(3, process.vmaCount());
        fill(process, address, 12);
        assertEquals(0, node(process.pageAt(page(address, 3))));
        assertEquals(1, node(process.pageAt(page(address, 4))));
        assertEquals(0, node(process.pageAt(page(address, 8))));
        assertEquals(Errno.OK, bind(page(address, 4), 4, MempolicyMode.DEFAULT, 0));
        assertEquals(1, process.vmaCount());
        process.assertRow(address, 12, 0);
    }

    @Test
    void policyOfAProcessCountsWhereNoRangeHasOneAndChildrenInheritIt() {
        long address = process.map(4);
        assertEquals(Errno.OK, Mbind.setMempolicy(process.mm(), MempolicyMode.PREFERRED, 0b100));
        assertEquals(Errno.OK, bind(page(address, 1), 1, MempolicyMode.BIND, 0b010));
        fill(process, address, 2);
        assertEquals(2, node(process.pageAt(address)));
        assertEquals(1, node(process.pageAt(page(address, 1))));
        TestProcess child = process.fork();
        fill(child, address, 4);
        assertEquals(2, node(child.pageAt(page(address, 3))));
        assertEquals(1, node(child.pageAt(page(address, 1))), "the copy obeys its range too");
        assertEquals(Errno.EINVAL, Mbind.setMempolicy(process.mm(), MempolicyMode.BIND, 0b1000));
    }

    @Test
    void pageThatComesBackFromSwapObeysThePolicy() {
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(64)));
        long address = process.map(2);
        assertEquals(Errno.OK, bind(address, 2, MempolicyMode.BIND, 0b010));
        process.storeRow(address, 2, 5);
        process.mm().madvise(address, 2 * PageSize.PAGE_SIZE, Advice.PAGEOUT);
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(1));
        process.assertRow(address, 2, 5);
        assertEquals(1, node(process.pageAt(address)));
    }

    @Test
    void nodesAreOfFullBlocksAndAtSomeDistance() {
        MemoryNode small = MemoryNode.ofSize(4096);
        assertThrows(
                IllegalArgumentException.class,
                () -> new Machine(1 << 24, List.of(small), Optional.empty()));
        assertThrows(IllegalArgumentException.class, () -> OPEN.withAbstractDistance(0));
        assertEquals(4, MemoryTiers.tier(MemoryTiers.DRAM_ADISTANCE));
        assertEquals(576, MemoryTiers.DRAM_ADISTANCE);
        assertTrue(machine.machine().numa().isTopTier(0));
        assertEquals(NumaNodes.NONE, node(device.pagemap().page(0)));
        assertEquals(2, node(Page.ofPfn(3 * NODE_PAGES - 1)));
        assertEquals(0, node(Page.ofPfn(NODE_PAGES - 1)));
    }
}
