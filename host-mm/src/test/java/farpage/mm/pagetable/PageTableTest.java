package farpage.mm.pagetable;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.PageSize;
import farpage.mm.testing.Agent;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

/// The tree of tables: sparse, made on demand, freed leaf by leaf.
final class PageTableTest {
    private static final long PMD = PageSize.PMD_SIZE;
    private static final long END = 1L << 47;

    private final PageTable table = new PageTable();

    @Test
    void emptyTableHasNoLeaves() {
        assertNull(table.lookupLeaf(0));
        assertNull(table.lookupLeaf(END - 1));
        assertEquals(END, table.nextMapped(0, END));
        assertEquals(0, table.leafCount());
    }

    @Test
    void leafCoversTwoMebibytes() {
        PageTableLeaf leaf = table.leafOrNew(5 * PMD + 12345);
        assertSame(leaf, table.lookupLeaf(5 * PMD));
        assertSame(leaf, table.leafOrNew(6 * PMD - 1));
        assertNull(table.lookupLeaf(6 * PMD));
        assertNull(table.lookupLeaf(5 * PMD - 1));
        assertEquals(1, table.leafCount());
    }

    @Test
    void slotsCountPagesWithinALeaf() {
        assertEquals(0, PageTableLeaf.slot(5 * PMD));
        assertEquals(1, PageTableLeaf.slot(5 * PMD + 4096));
        assertEquals(511, PageTableLeaf.slot(6 * PMD - 1));
    }

    @Test
    void addressesThatDifferInEachLevelAreApart() {
        List<PageTableLeaf> leaves = new ArrayList<>();
        for (int shift : new int[] {21, 30, 39}) {
            for (long slot : new long[] {1, 255}) {
                leaves.add(table.leafOrNew(slot << shift));
            }
        }
        for (int i = 0; i < leaves.size(); i++) {
            for (int j = 0; j < i; j++) {
                assertNotSame(leaves.get(i), leaves.get(j));
            }
        }
        assertEquals(6, table.leafCount());
    }

    @Test
    void walkFindsLeavesInOrderAcrossHolesOfEveryLevel() {
        long[] addresses = {PMD, 3 * PMD, 1L << 30, (1L << 39) + 7 * PMD, END - PMD};
        for (long address : addresses) {
            table.leafOrNew(address);
        }
        long at = 0;
        for (long address : addresses) {
            assertEquals(address, table.nextMapped(at, END));
            assertEquals(address + 4096, table.nextMapped(address + 4096, END), "where it begins");
            at = address + PMD;
        }
        assertEquals(END, table.nextMapped(at, END));
        assertEquals(PMD - 4096, table.nextMapped(0, PMD - 4096));
    }

    @Test
    void partOfARangeInOneLeafEndsAtItsEdge() {
        assertEquals(PMD, PageTable.leafEnd(0, 5 * PMD));
        assertEquals(PMD, PageTable.leafEnd(PMD - 4096, 5 * PMD));
        assertEquals(8192, PageTable.leafEnd(4096, 8192));
    }

    @Test
    void onlyLeavesWhollyInsideAreFreed() {
        for (int i = 0; i < 5; i++) {
            table.leafOrNew(i * PMD);
        }
        table.freeLeaves(PMD + 4096, 4 * PMD + 4096);
        assertTrue(table.lookupLeaf(PMD) != null);
        assertNull(table.lookupLeaf(2 * PMD));
        assertNull(table.lookupLeaf(3 * PMD));
        assertTrue(table.lookupLeaf(4 * PMD) != null);
        assertEquals(3, table.leafCount());
    }

    @Test
    void freedLeafIsDeadForWhoeverStillHoldsIt() {
        PageTableLeaf leaf = table.leafOrNew(PMD);
        assertTrue(leaf.lockIfAlive());
        leaf.unlock();
        table.freeLeaves(0, END);
        assertFalse(leaf.lockIfAlive());
        leaf.lock();
        assertThrows(AssertionError.class, () -> leaf.setEntryLocked(0, 1));
        leaf.unlock();
        assertNotSame(leaf, table.leafOrNew(PMD));
    }

    @Test
    void leafWithEntriesIsNotFreed() {
        PageTableLeaf leaf = table.leafOrNew(PMD);
        leaf.lock();
        leaf.setEntryLocked(3, PageTableEntry.ofPage(1, false));
        leaf.unlock();
        PageTable unlocked = table;
        assertThrows(
                AssertionError.class,
                () -> {
                    try {
                        unlocked.freeLeaves(0, END);
                    } finally {
                        leaf.unlock();
                    }
                });
    }

    @Test
    void entriesAreReadAndWrittenUnderTheLock() {
        PageTableLeaf leaf = table.leafOrNew(PMD);
        assertThrows(AssertionError.class, () -> leaf.entryLocked(0));
        assertThrows(AssertionError.class, () -> leaf.setEntryLocked(0, 1));
        leaf.lock();
        leaf.setEntryLocked(511, PageTableEntry.ofPage(1, false));
        assertEquals(PageTableEntry.ofPage(1, false), leaf.entryLocked(511));
        leaf.unlock();
        assertEquals(PageTableEntry.ofPage(1, false), leaf.entryAcquire(511));
        assertEquals(PageTableEntry.NONE, leaf.entryAcquire(510));
    }

    @Test
    void threadsThatNeedOneLeafGetTheSame() {
        for (int round = 0; round < 100; round++) {
            long address = (long) round << 30;
            CountDownLatch start = new CountDownLatch(1);
            List<Agent<PageTableLeaf>> agents = new ArrayList<>();
            for (int i = 0; i < 3; i++) {
                agents.add(
                        Agent.start(() -> {
                            Agent.await(start);
                            return table.leafOrNew(address);
                        }));
            }
            start.countDown();
            List<PageTableLeaf> leaves = agents.stream().map(Agent::finish).toList();
            for (PageTableLeaf leaf : leaves) {
                assertSame(table.lookupLeaf(address), leaf);
            }
        }
        assertEquals(100, table.leafCount());
    }
}
