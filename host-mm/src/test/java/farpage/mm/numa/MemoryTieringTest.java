package farpage.mm.numa;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.VmStat;
import farpage.mm.fault.FaultResult;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.memory.FolioFlags;
import farpage.mm.mempolicy.Mbind;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.MempolicyMode;
import farpage.mm.mempolicy.MovePages;
import farpage.mm.numa.NumaStat.Event;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.swap.SwapMemory;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Cold pages sink to the next tier instead of leaving memory; what is used there comes back.
@Tag("T-11.1")
final class MemoryTieringTest {
    private static final int NODE_PAGES = 1024;
    private static final long BASE = 1L << 30;
    private static final MemoryNode SLOW = MemoryNode.ofSize(4096L * NODE_PAGES);
    private static final MemoryNode SLOWER =
            SLOW.withAbstractDistance(2 * MemoryTiers.SLOWER_ADISTANCE);

    /// Three tiers, and a node that is out of the game.
    @RegisterExtension
    final TestMachine machine = new TestMachine(NODE_PAGES, SLOW, SLOWER, SLOW.withIsolation(true));

    private final TestDevice device = machine.newCoherentDevice(64);
    private final TestProcess process = machine.newProcess();
    private final NumaNodes numa = machine.machine().numa();

    private int node(long address) {
        return numa.node(process.pageAt(address));
    }

    private long count(Event event) {
        return numa.stat().get(event);
    }

    /// Memory that only node 0 may give, so that it is reclaimed when it is full.
    private long mapLocal(int pageCount) {
        long address = process.map(pageCount);
        assertEquals(
                Errno.OK,
                Mbind.call(process.mm(), address, 4096L * pageCount, MempolicyMode.BIND, 1, 0));
        return address;
    }

    private void moveTo(int node, long address, int pageCount) {
        long[] addresses = new long[pageCount];
        int[] nodes = new int[pageCount];
        int[] status = new int[pageCount];
        for (int i = 0; i < pageCount; i++) {
            addresses[i] = page(address, i);
            nodes[i] = node;
        }
        assertEquals(
                Errno.OK,
                MovePages.move(process.mm(), addresses, nodes, MempolicyFlags.MOVE, status));
        assertEquals(node, status[pageCount - 1]);
    }

    @Test
    void tiersFollowTheirDistanceAndIsolatedNodesAreNoTarget() {
        assertEquals(NumaNodes.NONE, numa.nextDemotionNode(0), "off at first");
        numa.setDemotionEnabled(true);
        assertEquals(1, numa.nextDemotionNode(0));
        assertEquals(2, numa.nextDemotionNode(1));
        assertEquals(NumaNodes.NONE, numa.nextDemotionNode(2));
        assertTrue(numa.tier(1) > numa.tier(0));
        assertFalse(numa.isTopTier(3));
    }

    @Test
    void coldPagesSinkTierByTierAndNoneIsLost() {
        numa.setDemotionEnabled(true);
        long address = mapLocal(2500);
        process.storeRow(address, 2500, 9);
        machine.check();
        assertTrue(count(Event.PGDEMOTE_DIRECT) >= 2500 - NODE_PAGES);
        assertTrue(numa.stat().get(1, Event.PGDEMOTE_DIRECT) > 0, "the second tier ran full");
        assertEquals(0, machine.machine().vmStat().get(VmStat.Event.PSWPOUT));
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(3), "isolated");
        assertEquals(64, device.freePageCount());
        process.assertRow(address, 2500, 9);
    }

    @Test
    void withoutDemotionMemoryIsOutAlthoughTheNextTierIsEmpty() {
        long address = mapLocal(NODE_PAGES + 1);
        FaultResult result = FaultResult.HANDLED;
        for (int i = 0; i <= NODE_PAGES && result == FaultResult.HANDLED; i++) {
            result = process.tryStore(page(address, i), i);
        }
        assertEquals(FaultResult.OUT_OF_MEMORY, result);
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(1));
    }

    @Test
    void afterTheLastTierComesSwap() {
        numa.setDemotionEnabled(true);
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(4 * NODE_PAGES)));
        long address = mapLocal(5 * NODE_PAGES);
        process.storeRow(address, 5 * NODE_PAGES, 2);
        machine.check();
        assertTrue(machine.machine().vmStat().get(VmStat.Event.PSWPOUT) > NODE_PAGES);
        assertTrue(count(Event.PGDEMOTE_DIRECT) > 2 * NODE_PAGES);
        process.assertRow(address, 5 * NODE_PAGES, 2);
        assertEquals(NODE_PAGES, machine.machine().ram().freePageCount(3));
    }

    @Test
    void limitOfAGroupIsNotMetByDemotion() {
        numa.setDemotionEnabled(true);
        assertEquals(Errno.OK, machine.machine().swap().swapOn(new SwapMemory(64)));
        MemCgroup group =
                machine.machine().memcgs().newGroup(machine.machine().memcgs().root(), "g");
        assertEquals(Errno.OK, group.setMax(10 * 4096));
        TestProcess limited = new TestProcess(machine.machine().newProcess(group));
        long address = limited.map(20);
        limited.storeRow(address, 20, 1);
        assertEquals(0, count(Event.PGDEMOTE_DIRECT));
        assertTrue(machine.machine().vmStat().get(VmStat.Event.PSWPOUT) >= 10);
        limited.assertRow(address, 20, 1);
    }

    @Test
    void coherentPageOfADeviceStaysWhenRamIsShort() {
        numa.setDemotionEnabled(true);
        long own = process.map(8);
        process.storeRow(own, 8, 1);
        device.pull(process, own, 8);
        long page = process.pageAt(own);
        long address = mapLocal(NODE_PAGES + 500);
        process.storeRow(address, NODE_PAGES + 500, 9);
        assertEquals(page, process.pageAt(own), "on no LRU: nobody looks at it");
        process.assertRow(own, 8, 1);
    }

    @Test
    void pageThatIsUsedOnASlowNodeIsPromotedByItsFault() {
        long address = process.map(10);
        process.storeRow(address, 10, 4);
        moveTo(1, address, 8);
        assertEquals(8, NumaBalancing.scan(process.mm()));
        machine.check();
        assertTrue(PageTableEntry.isProtNone(process.entry(address)));
        assertFalse(PageTableEntry.isProtNone(process.entry(page(address, 9))), "in RAM");
        assertEquals(4, process.load(address));
        assertEquals(FaultResult.HANDLED, process.tryStore(page(address, 1), 5));
        assertEquals(0, node(address));
        assertEquals(0, node(page(address, 1)));
        assertEquals(1, node(page(address, 2)), "not touched");
        assertEquals(8, count(Event.NUMA_PTE_UPDATES));
        assertEquals(2, count(Event.NUMA_HINT_FAULTS));
        assertEquals(2, count(Event.PGPROMOTE_SUCCESS));
        assertEquals(2, count(Event.NUMA_PAGES_MIGRATED));
        process.assertRow(address, 10, 4);
        assertEquals(10, count(Event.PGPROMOTE_SUCCESS) + 2, "8 were on the node");
    }

    @Test
    void pageStaysWhereRamIsFullAndIsAccessibleAgain() {
        long address = process.map(2);
        process.storeRow(address, 2, 4);
        moveTo(1, address, 2);
        long hog = mapLocal(NODE_PAGES);
        while (machine.machine().ram().freePageCount(0) > 0) {
            process.store(hog, 1);
            hog += 4096;
        }
        assertEquals(2, NumaBalancing.scan(process.mm()));
        assertEquals(4, process.load(address));
        assertEquals(1, node(address));
        assertFalse(PageTableEntry.isProtNone(process.entry(address)));
        assertTrue(PageTableEntry.isWritable(process.entry(address)), "as it was");
        assertEquals(0, count(Event.PGPROMOTE_SUCCESS));
        assertEquals(1, count(Event.NUMA_HINT_FAULTS));
    }

    @Test
    void memoryThatIsBoundToTheNodeIsNotScanned() {
        long address = process.map(2);
        assertEquals(
                Errno.OK, Mbind.call(process.mm(), address, 8192, MempolicyMode.BIND, 0b10, 0));
        process.storeRow(address, 2, 4);
        assertEquals(0, NumaBalancing.scan(process.mm()));
        assertEquals(1, node(address));
    }

    @Test
    void memoryThatNobodyMayTouchIsNoHint() {
        long address = process.map(2);
        process.storeRow(address, 2, 4);
        moveTo(1, address, 2);
        assertEquals(2, NumaBalancing.scan(process.mm()));
        process.protect(address, 2, 0);
        assertEquals(FaultResult.SIGSEGV, process.tryLoad(address));
        process.protect(address, 2, TestProcess.READ_WRITE);
        process.assertRow(address, 2, 4);
        assertEquals(0, count(Event.NUMA_HINT_FAULTS), "the calls took the hints away");
    }

    @Test
    void hintsOutliveAForkAndAreTakenByBoth() {
        long address = process.map(3);
        process.storeRow(address, 3, 4);
        moveTo(1, address, 3);
        assertEquals(3, NumaBalancing.scan(process.mm()));
        TestProcess child = process.fork();
        machine.check();
        child.assertRow(address, 3, 4);
        process.assertRow(address, 3, 4);
        assertEquals(0, node(address));
        assertEquals(process.pageAt(address), child.pageAt(address));
    }

    @Test
    void hugePageIsPromotedWhole() {
        process.mapHugeAt(BASE, 1);
        process.storeHuge(BASE);
        long[] address = {BASE};
        int[] status = new int[1];
        assertEquals(
                Errno.OK,
                MovePages.move(process.mm(), address, new int[] {1}, MempolicyFlags.MOVE, status));
        assertEquals(1, status[0]);
        assertEquals(512, NumaBalancing.scan(process.mm()));
        process.assertHuge(BASE);
        assertTrue(process.isHuge(BASE));
        assertEquals(0, node(BASE));
        assertEquals(512, count(Event.PGPROMOTE_SUCCESS));
        assertTrue(machine.folios().hasFlag(process.pageAt(BASE), FolioFlags.LRU));
    }
}
