package farpage.mm.memory;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.util.Arrays;

/// Hands out power-of-two blocks of page frames from `[0, pageCount)` and joins a freed block with
/// its buddy. It knows numbers only, so it serves system memory and device memory alike.
///
/// A fresh allocator hands out ascending frames, and a block is split from its low end, so pages
/// allocated in a row mostly lie in a row: the copy engine lives on that. Free blocks of one order
/// form a list through two arrays indexed by frame; the head of a block carries its order.
///
/// @kernel mm/page_alloc.c: __alloc_pages, __free_one_page
public final class BuddyAllocator {
    /// The largest block is `1 << MAX_ORDER` pages: 4 MiB.
    public static final int MAX_ORDER = 10;

    private static final int NONE = -1;
    private static final byte NOT_FREE = -1;

    private final RankedLock lock;
    private final int pageCount;
    private final int[] next;
    private final int[] previous;
    private final byte[] freeOrder;
    private final int[] freeHead = new int[MAX_ORDER + 1];
    private int freePages;

    /// @param rank the lock rank: `ZONE` for system memory, `DEVICE_ALLOCATOR` for a device's
    /// @param pageCount frames from 0 that are free at first
    public BuddyAllocator(LockRank rank, int pageCount) {
        if (pageCount < 0) {
            throw new IllegalArgumentException("pageCount: value=" + pageCount + ", limit=0");
        }
        this.lock = new RankedLock(rank);
        this.pageCount = pageCount;
        this.next = new int[pageCount];
        this.previous = new int[pageCount];
        this.freeOrder = new byte[pageCount];
        Arrays.fill(freeOrder, NOT_FREE);
        Arrays.fill(freeHead, NONE);
        // Highest block first, so that the list's head is the lowest.
        int end = pageCount;
        while (end > 0) {
            int order = Math.min(MAX_ORDER, Integer.numberOfTrailingZeros(end));
            end -= 1 << order;
            push(end, order);
        }
        freePages = pageCount;
    }

    /// The first frame of a free block of `1 << order` frames, aligned to its size; -1 if there is
    /// none.
    public int allocate(int order) {
        assert order >= 0;
        assert order <= MAX_ORDER;
        lock.lock();
        try {
            for (int from = order; from <= MAX_ORDER; from++) {
                int block = freeHead[from];
                if (block != NONE) {
                    unlink(block, from);
                    for (int half = from - 1; half >= order; half--) {
                        push(block + (1 << half), half);
                    }
                    freePages -= 1 << order;
                    return block;
                }
            }
            return NONE;
        } finally {
            lock.unlock();
        }
    }

    /// Gives a block back. A block may be freed in other pieces than it was allocated in.
    public void free(int frame, int order) {
        assert frame >= 0;
        assert frame + (1 << order) <= pageCount;
        assert (frame & ((1 << order) - 1)) == 0;
        lock.lock();
        try {
            assert !isFreeLocked(frame) : "double free of frame " + frame;
            int block = frame;
            int blockOrder = order;
            while (blockOrder < MAX_ORDER) {
                int buddy = block ^ (1 << blockOrder);
                if (buddy + (1 << blockOrder) > pageCount || freeOrder[buddy] != blockOrder) {
                    break;
                }
                unlink(buddy, blockOrder);
                block = Math.min(block, buddy);
                blockOrder++;
            }
            push(block, blockOrder);
            freePages += 1 << order;
        } finally {
            lock.unlock();
        }
    }

    /// Allocates single frames, in runs as long as free blocks permit.
    ///
    /// @param frames is filled from the start, ascending within each run
    /// @return how many; fewer than `count` if memory is out
    public int allocateBatch(int[] frames, int count) {
        int filled = 0;
        while (filled < count) {
            int order =
                    Math.min(
                            MAX_ORDER,
                            Integer.SIZE - 1 - Integer.numberOfLeadingZeros(count - filled));
            int block = allocate(order);
            while (block < 0 && order > 0) {
                order--;
                block = allocate(order);
            }
            if (block < 0) {
                break;
            }
            for (int i = 0; i < 1 << order; i++) {
                frames[filled++] = block + i;
            }
        }
        return filled;
    }

    /// Gives a run of frames back, in blocks as large as their places permit.
    public void freeRun(int firstFrame, int count) {
        int frame = firstFrame;
        int left = count;
        while (left > 0) {
            int order = Math.min(MAX_ORDER, Integer.SIZE - 1 - Integer.numberOfLeadingZeros(left));
            if (frame != 0) {
                order = Math.min(order, Integer.numberOfTrailingZeros(frame));
            }
            free(frame, order);
            frame += 1 << order;
            left -= 1 << order;
        }
    }

    public int pageCount() {
        return pageCount;
    }

    public int freePageCount() {
        lock.lock();
        try {
            return freePages;
        } finally {
            lock.unlock();
        }
    }

    /// Free blocks of exactly this order, as `/proc/buddyinfo` counts them.
    public int freeBlockCount(int order) {
        lock.lock();
        try {
            int count = 0;
            for (int block = freeHead[order]; block != NONE; block = next[block]) {
                count++;
            }
            return count;
        } finally {
            lock.unlock();
        }
    }

    public boolean isFree(int frame) {
        lock.lock();
        try {
            return isFreeLocked(frame);
        } finally {
            lock.unlock();
        }
    }

    private boolean isFreeLocked(int frame) {
        for (int order = 0; order <= MAX_ORDER; order++) {
            if (freeOrder[frame & -(1 << order)] == order) {
                return true;
            }
        }
        return false;
    }

    private void push(int block, int order) {
        int head = freeHead[order];
        next[block] = head;
        previous[block] = NONE;
        if (head != NONE) {
            previous[head] = block;
        }
        freeHead[order] = block;
        freeOrder[block] = (byte) order;
    }

    private void unlink(int block, int order) {
        assert freeOrder[block] == order;
        if (previous[block] == NONE) {
            freeHead[order] = next[block];
        } else {
            next[previous[block]] = next[block];
        }
        if (next[block] != NONE) {
            previous[next[block]] = previous[block];
        }
        freeOrder[block] = NOT_FREE;
    }
}
