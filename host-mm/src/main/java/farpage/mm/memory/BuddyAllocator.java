package farpage.mm.memory;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.util.BitSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Hands out power-of-two blocks of page frames from `[0, pageCount)` and joins a freed block with
/// its buddy. It knows numbers only, so it serves system memory and device memory alike.
///
/// Of all free blocks of a size the lowest is taken, and a block is split from its low end, so
/// pages allocated in a row mostly lie in a row: the copy engine lives on that. The free blocks of
/// each order are a bitmap, which costs a quarter of a byte a page for all orders together. The
/// kernel keeps lists through the free pages themselves; these bytes are not ours to write.
///
/// @kernel mm/page_alloc.c: __alloc_pages, __free_one_page
public final class BuddyAllocator {
    /// The largest block is `1 << MAX_ORDER` pages: 4 MiB.
    public static final int MAX_ORDER = 10;

    private static final int NONE = -1;

    private final RankedLock lock;
    private final int pageCount;

    /// By order: the free blocks, each numbered by its first frame without the order's low bits.
    private final BlockBitmap[] free = new BlockBitmap[MAX_ORDER + 1];

    /// Changes under the lock only.
    private final AtomicInteger freePages;

    /// Frames that are never handed out again; null while there are none. Under the lock.
    private @Nullable BitSet retired;

    /// Those among them that nobody uses. Under the lock.
    private int retiredUnused;

    /// @param rank the lock rank: `ZONE` for system memory, `DEVICE_ALLOCATOR` for a device's
    /// @param pageCount frames from 0 that are free at first
    public BuddyAllocator(LockRank rank, int pageCount) {
        if (pageCount < 0) {
            throw new IllegalArgumentException("pageCount: value=" + pageCount + ", limit=0");
        }
        this.lock = new RankedLock(rank);
        this.pageCount = pageCount;
        for (int order = 0; order <= MAX_ORDER; order++) {
            free[order] = new BlockBitmap(pageCount >> order);
        }
        for (int end = pageCount; end > 0; ) {
            int order = Math.min(MAX_ORDER, Integer.numberOfTrailingZeros(end));
            end -= 1 << order;
            free[order].add(end >> order);
        }
        freePages = new AtomicInteger(pageCount);
    }

    /// The first frame of a free block of `1 << order` frames, aligned to its size; -1 if there is
    /// none.
    public int allocate(int order) {
        return allocate(order, MAX_ORDER);
    }

    /// As [#allocate(int)], but out of free blocks of at most `1 << orderMax` frames: larger ones
    /// stay whole.
    public int allocate(int order, int orderMax) {
        assert order >= 0;
        assert order <= orderMax;
        assert orderMax <= MAX_ORDER;
        lock.lock();
        try {
            return allocateLocked(order, orderMax);
        } finally {
            lock.unlock();
        }
    }

    /// No atomic step is needed, and it would cost more than the rest of a page.
    private void countFreeLocked(int pages) {
        freePages.setRelease(freePages.getPlain() + pages);
    }

    private int allocateLocked(int order, int orderMax) {
        for (int from = order; from <= orderMax; from++) {
            int number = free[from].first();
            if (number >= 0) {
                free[from].remove(number);
                int block = number << from;
                for (int half = from - 1; half >= order; half--) {
                    free[half].add((block >> half) + 1);
                }
                countFreeLocked(-(1 << order));
                return block;
            }
        }
        return NONE;
    }

    /// Gives a block back. A block may be freed in other pieces than it was allocated in.
    public void free(int frame, int order) {
        assert (frame & ((1 << order) - 1)) == 0;
        lock.lock();
        try {
            freeLocked(frame, order);
        } finally {
            lock.unlock();
        }
    }

    private void freeLocked(int frame, int order) {
        assert frame >= 0;
        assert frame + (1 << order) <= pageCount;
        assert !isFreeLocked(frame) : "double free of frame " + frame;
        if (retired != null && !freeRestLocked(retired, frame, order)) {
            return;
        }
        int number = frame >> order;
        int joined = order;
        while (joined < MAX_ORDER && free[joined].contains(number ^ 1)) {
            free[joined].remove(number ^ 1);
            number >>= 1;
            joined++;
        }
        free[joined].add(number);
        countFreeLocked(1 << order);
    }

    /// Of a block that has retired frames the others are freed.
    ///
    /// @return whether it has none
    private boolean freeRestLocked(BitSet never, int frame, int order) {
        int first = never.nextSetBit(frame);
        if (first < 0 || first >= frame + (1 << order)) {
            return true;
        }
        if (order == 0) {
            retiredUnused++;
            return false;
        }
        int half = order - 1;
        freeLocked(frame, half);
        freeLocked(frame + (1 << half), half);
        return false;
    }

    /// Takes a given frame out of the free block that it is in.
    ///
    /// @return false if it is not free
    /// @kernel mm/page_alloc.c: take_page_off_buddy
    public boolean take(int frame) {
        lock.lock();
        try {
            return takeLocked(frame);
        } finally {
            lock.unlock();
        }
    }

    private boolean takeLocked(int frame) {
        int order = 0;
        while (order <= MAX_ORDER && !free[order].contains(frame >> order)) {
            order++;
        }
        if (order > MAX_ORDER) {
            return false;
        }
        free[order].remove(frame >> order);
        for (int half = order - 1; half >= 0; half--) {
            free[half].add(frame >> half ^ 1);
        }
        countFreeLocked(-1);
        return true;
    }

    /// Has a frame never be handed out again: if it is in use it stays away when it is freed.
    ///
    /// @return whether nobody uses it now
    /// @kernel mm/page_alloc.c: take_page_off_buddy, free_pages_prepare
    public boolean retire(int frame) {
        lock.lock();
        try {
            BitSet never = retired == null ? new BitSet() : retired;
            retired = never;
            if (takeLocked(frame)) {
                retiredUnused++;
                never.set(frame);
                return true;
            }
            never.set(frame);
            return false;
        } finally {
            lock.unlock();
        }
    }

    public boolean isRetired(int frame) {
        lock.lock();
        try {
            return retired != null && retired.get(frame);
        } finally {
            lock.unlock();
        }
    }

    /// Frames that are retired and that nobody uses: neither free nor allocated.
    public int retiredPageCount() {
        lock.lock();
        try {
            return retiredUnused;
        } finally {
            lock.unlock();
        }
    }

    /// Takes all free blocks within a stretch, so that nothing of it is handed out until they are
    /// freed. What is freed there meanwhile is not held.
    ///
    /// @param count frames, a power of two, from a multiple of itself on; no larger block is free
    /// @param blocks takes the first frame and the order of each, one after the other
    /// @return how many numbers it took, at most `2 * count`
    /// @kernel mm/page_isolation.c: start_isolate_page_range
    public int isolate(int firstFrame, int count, int[] blocks) {
        assert Integer.bitCount(count) == 1;
        assert firstFrame % count == 0;
        int taken = 0;
        lock.lock();
        try {
            for (int order = orderWithin(count); order >= 0; order--) {
                int end = firstFrame + count >> order;
                for (int number = firstFrame >> order; number < end; number++) {
                    if (free[order].contains(number)) {
                        free[order].remove(number);
                        countFreeLocked(-(1 << order));
                        blocks[taken++] = number << order;
                        blocks[taken++] = order;
                    }
                }
            }
        } finally {
            lock.unlock();
        }
        return taken;
    }

    /// Allocates single frames, in runs as long as free blocks permit.
    ///
    /// @param numbers is filled from `from` to `to`, ascending within each run
    /// @param base the number of frame 0
    /// @return how far it is filled: not to the end if memory is out
    public int allocateBatch(long[] numbers, int from, int to, long base) {
        int filled = from;
        int order = MAX_ORDER;
        lock.lock();
        try {
            while (filled < to) {
                order = Math.min(order, orderWithin(to - filled));
                int block = allocateLocked(order, MAX_ORDER);
                if (block < 0 && order == 0) {
                    break;
                }
                if (block < 0) {
                    order--; // for the rest of the batch: nothing is freed meanwhile
                    continue;
                }
                for (int i = 0; i < 1 << order; i++) {
                    numbers[filled++] = base + block + i;
                }
            }
        } finally {
            lock.unlock();
        }
        return filled;
    }

    /// The largest order whose blocks have no more than `count` frames.
    public static int orderWithin(int count) {
        assert count > 0;
        return Math.min(MAX_ORDER, Integer.SIZE - 1 - Integer.numberOfLeadingZeros(count));
    }

    /// Gives a run of frames back, in blocks as large as their places permit.
    public void freeRun(int firstFrame, int count) {
        lock.lock();
        try {
            freeRunLocked(firstFrame, count);
        } finally {
            lock.unlock();
        }
    }

    private void freeRunLocked(int firstFrame, int count) {
        int frame = firstFrame;
        int left = count;
        while (left > 0) {
            int order = orderWithin(left);
            if (frame != 0) {
                order = Math.min(order, Integer.numberOfTrailingZeros(frame));
            }
            freeLocked(frame, order);
            frame += 1 << order;
            left -= 1 << order;
        }
    }

    /// Gives single frames back, those at `[from, to)` of a list. Neighbours in the list may ascend
    /// or descend.
    ///
    /// @param base the number of frame 0 in that list
    public void freeAll(long[] numbers, int from, int to, long base) {
        lock.lock();
        try {
            for (int first = from; first < to; ) {
                int next = first + 1;
                int step = next < to && numbers[next] < numbers[first] ? -1 : 1;
                while (next < to && numbers[next] == numbers[next - 1] + step) {
                    next++;
                }
                long lowest = Math.min(numbers[first], numbers[next - 1]);
                freeRunLocked((int) (lowest - base), next - first);
                first = next;
            }
        } finally {
            lock.unlock();
        }
    }

    public int pageCount() {
        return pageCount;
    }

    /// Free frames. Takes no lock, so it may be out of date when it is looked at.
    public int freePageCount() {
        return freePages.getAcquire();
    }

    /// Free blocks of exactly this order, as `/proc/buddyinfo` counts them.
    public int freeBlockCount(int order) {
        lock.lock();
        try {
            return free[order].size();
        } finally {
            lock.unlock();
        }
    }

    /// Blocks of an order that could be allocated one after another.
    ///
    /// @kernel mm/vmstat.c: fill_contig_page_info, free_blocks_suitable
    public int availableBlockCount(int order) {
        lock.lock();
        try {
            int blocks = 0;
            for (int from = order; from <= MAX_ORDER; from++) {
                blocks += free[from].size() << (from - order);
            }
            return blocks;
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
            if (free[order].contains(frame >> order)) {
                return true;
            }
        }
        return false;
    }
}
