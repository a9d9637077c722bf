package farpage.mm.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.lock.LockRank;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The allocator against a bit set of used frames.
final class BuddyAllocatorTest {
    /// A block handed out.
    private record Block(int frame, int order) {
        int end() {
            return frame + (1 << order);
        }
    }

    /// An allocator beside the plainest account of it.
    private static final class Checked {
        private final BuddyAllocator allocator;
        private final BitSet used = new BitSet();
        private final List<Block> blocks = new ArrayList<>();

        Checked(int pageCount) {
            allocator = new BuddyAllocator(LockRank.ZONE, pageCount);
        }

        void allocate(int order) {
            int frame = allocator.allocate(order);
            assertEquals(frame >= 0, hasRoom(order), "order " + order + " in " + used);
            if (frame < 0) {
                return;
            }
            Block block = new Block(frame, order);
            assertEquals(0, frame & ((1 << order) - 1), "aligned");
            assertTrue(block.end() <= allocator.pageCount());
            assertTrue(used.get(frame, block.end()).isEmpty(), "handed out twice");
            used.set(frame, block.end());
            blocks.add(block);
        }

        /// Whether an aligned stretch of free frames is there: joining must find each.
        private boolean hasRoom(int order) {
            for (int at = 0; at + (1 << order) <= allocator.pageCount(); at += 1 << order) {
                if (used.get(at, at + (1 << order)).isEmpty()) {
                    return true;
                }
            }
            return false;
        }

        /// Single frames, as many as there are.
        void allocateBatch(int count) {
            long[] frames = new long[count];
            int allocated = allocator.allocateBatch(frames, 0, count, 0);
            assertEquals(Math.min(count, allocator.pageCount() - used.cardinality()), allocated);
            for (int i = 0; i < allocated; i++) {
                int frame = (int) frames[i];
                assertFalse(used.get(frame), "handed out twice");
                used.set(frame);
                blocks.add(new Block(frame, 0));
            }
        }

        /// Frees a run of frames, whatever blocks they were allocated in.
        void freeRun(int start, int limit) {
            int first = used.nextSetBit(start);
            if (first < 0) {
                return;
            }
            int end = Math.min(used.nextClearBit(first), first + limit);
            allocator.freeRun(first, end - first);
            used.clear(first, end);
            blocks.removeIf(block -> block.frame() >= first && block.frame() < end);
        }

        void free(int index) {
            Block block = blocks.remove(index);
            used.clear(block.frame(), block.end());
            allocator.free(block.frame(), block.order());
        }

        void check() {
            assertEquals(allocator.pageCount() - used.cardinality(), allocator.freePageCount());
            for (int frame = 0; frame < allocator.pageCount(); frame++) {
                assertEquals(!used.get(frame), allocator.isFree(frame), "frame " + frame);
            }
            int inBlocks = 0;
            for (int order = 0; order <= BuddyAllocator.MAX_ORDER; order++) {
                inBlocks += allocator.freeBlockCount(order) << order;
            }
            assertEquals(allocator.freePageCount(), inBlocks);
        }
    }

    @Test
    void freshAllocatorHandsOutAscendingFrames() {
        BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 4096);
        for (int frame = 0; frame < 4096; frame++) {
            assertEquals(frame, allocator.allocate(0));
        }
        assertEquals(-1, allocator.allocate(0));
    }

    @Test
    void emptyAllocatorHasNothing() {
        BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 0);
        assertEquals(-1, allocator.allocate(0));
        assertThrows(IllegalArgumentException.class, () -> new BuddyAllocator(LockRank.ZONE, -1));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 7, 8, 1000, 1023, 1024, 1025, 3000})
    void everyFrameOfAnySizeCanBeHadAndComesBack(int pageCount) {
        Checked checked = new Checked(pageCount);
        for (int i = 0; i < pageCount; i++) {
            checked.allocate(0);
        }
        checked.allocate(0);
        checked.check();
        while (!checked.blocks.isEmpty()) {
            checked.free(checked.blocks.size() / 2);
        }
        checked.check();
        assertEquals(
                pageCount >> BuddyAllocator.MAX_ORDER,
                checked.allocator.freeBlockCount(BuddyAllocator.MAX_ORDER),
                "joined to the largest blocks");
    }

    /// All sequences of four steps on eight frames.
    @Test
    void shortSequencesAllAgreeWithTheBitSet() {
        int kinds = 6; // allocate order 0 to 3, free the oldest, free the newest
        for (int code = 0; code < kinds * kinds * kinds * kinds * kinds; code++) {
            Checked checked = new Checked(8);
            for (int rest = code, step = 0; step < 5; step++, rest /= kinds) {
                int kind = rest % kinds;
                if (kind < 4) {
                    checked.allocate(kind);
                } else if (!checked.blocks.isEmpty()) {
                    checked.free(kind == 4 ? 0 : checked.blocks.size() - 1);
                }
            }
            checked.check();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void longSequencesAgreeWithTheBitSet(long seed) {
        Random random = new Random(seed);
        Checked checked = new Checked(2000 + random.nextInt(200));
        for (int step = 0; step < 3000; step++) {
            if (random.nextInt(100) < 55) {
                checked.allocate(random.nextInt(random.nextInt(BuddyAllocator.MAX_ORDER) + 1));
            } else if (!checked.blocks.isEmpty()) {
                checked.free(random.nextInt(checked.blocks.size()));
            }
            if (step % 100 == 0) {
                checked.check();
            }
        }
        checked.check();
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void batchesAndRunsAgreeWithTheBitSet(long seed) {
        Random random = new Random(seed);
        Checked checked = new Checked(1500 + random.nextInt(200));
        for (int step = 0; step < 400; step++) {
            if (random.nextInt(100) < 50) {
                checked.allocateBatch(1 + random.nextInt(300));
            } else {
                checked.freeRun(random.nextInt(1500), 1 + random.nextInt(300));
            }
            if (step % 20 == 0) {
                checked.check();
            }
        }
    }

    @Test
    void batchOfAFreshAllocatorIsOneRun() {
        BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 4096);
        long[] frames = new long[3000];
        assertEquals(3000, allocator.allocateBatch(frames, 0, 3000, 0));
        for (int i = 0; i < 3000; i++) {
            assertEquals(i, frames[i]);
        }
        allocator.freeRun(0, 3000);
        assertEquals(4, allocator.freeBlockCount(BuddyAllocator.MAX_ORDER));
    }

    @Test
    void everyOtherFrameInUseLeavesNoLargerBlock() {
        BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 64);
        for (int frame = 0; frame < 64; frame++) {
            assertEquals(frame, allocator.allocate(0));
        }
        for (int frame = 0; frame < 64; frame += 2) {
            allocator.free(frame, 0);
        }
        assertEquals(32, allocator.freePageCount());
        assertEquals(-1, allocator.allocate(1));
        allocator.free(33, 0);
        assertEquals(32, allocator.allocate(1));
    }

    @Test
    void blockMayBeFreedInPieces() {
        BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 1024);
        assertEquals(0, allocator.allocate(9));
        for (int frame = 511; frame >= 0; frame--) {
            allocator.free(frame, 0);
        }
        assertEquals(1, allocator.freeBlockCount(10));
    }

    @Test
    void largerBlocksStayWholeWhereTheyAreToBeSpared() {
        BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 1024);
        assertEquals(0, allocator.allocate(3));
        assertEquals(8, allocator.allocate(0, 8));
        assertEquals(256, allocator.allocate(8, 8));
        for (int order = 7; order >= 0; order--) {
            assertTrue(allocator.allocate(order, 8) >= 0 || order == 3, "order " + order);
        }
        assertEquals(-1, allocator.allocate(8, 8));
        assertEquals(1, allocator.availableBlockCount(9));
        assertEquals(512, allocator.allocate(8, 9));
    }

    @Test
    void isolatedFramesAreHandedOutAgainOnlyAfterTheyWereFreed() {
        BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 1024);
        long[] used = new long[1024];
        allocator.allocateBatch(used, 0, 1024, 0);
        for (int frame = 1; frame < 1024; frame += 3) {
            allocator.free(frame, 0);
        }
        int free = allocator.freePageCount();
        int[] held = new int[1024];
        int count = allocator.isolate(512, 512, held);
        assertTrue(allocator.freePageCount() < free);
        assertEquals(free, allocator.freePageCount() + count / 2, "single frames all of them");
        while (allocator.freePageCount() > 0) {
            assertTrue(allocator.allocate(0) < 512);
        }
        allocator.free(512, 0); // what is freed meanwhile can be had
        assertEquals(512, allocator.allocate(0));
        for (int i = 0; i < count; i += 2) {
            allocator.free(held[i], held[i + 1]);
        }
        assertTrue(allocator.allocate(0) > 512);
    }

    @Test
    void doubleFreeIsCaught() {
        BuddyAllocator allocator = new BuddyAllocator(LockRank.ZONE, 16);
        int first = allocator.allocate(0);
        int second = allocator.allocate(0);
        allocator.free(first, 0);
        assertThrows(AssertionError.class, () -> allocator.free(first, 0));
        allocator.free(second, 0);
        assertThrows(
                AssertionError.class, () -> allocator.free(second, 0), "inside a joined block");
        assertEquals(16, allocator.freePageCount());
        assertFalse(allocator.allocate(4) < 0, "the lock is free again");
    }
}
