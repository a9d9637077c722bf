package farpage.mm.memory;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/// A count of each page of a section that has a few bits of a word, whose other bits change at any
/// time.
///
/// All bits set say that the count has outgrown them: then it is in an array beside, which is made
/// when the first page needs it, and changes under a lock. It comes back once it is small again.
///
/// @kernel include/linux/page_ref.h, mm.h: _refcount, _mapcount
final class PackedCount {
    private static final VarHandle LONGS = MethodHandles.arrayElementVarHandle(long[].class);

    private final int shift;
    private final long mask;
    private final int full;
    private final RankedLock lock = new RankedLock(LockRank.MEMMAP_COUNTS);
    private int @Nullable [] outgrown;

    /// @param shift the lowest bit
    /// @param bits how many, at most 31
    PackedCount(int shift, int bits) {
        this.shift = shift;
        this.full = (int) ((1L << bits) - 1);
        this.mask = Integer.toUnsignedLong(full) << shift;
    }

    private int of(long word) {
        return (int) ((word & mask) >>> shift);
    }

    private long with(long word, int count) {
        return word & ~mask | (long) count << shift;
    }

    int get(long[] words, int at, int page) {
        int count = of((long) LONGS.getAcquire(words, at));
        return count == full ? getOutgrown(words, at, page) : count;
    }

    int getAndAdd(long[] words, int at, int page, int delta) {
        while (true) {
            long word = (long) LONGS.getAcquire(words, at);
            int count = of(word);
            int next = count + delta;
            if (count == full || next >= full) {
                return getAndAddOutgrown(words, at, page, delta);
            }
            assert next >= 0 : "a count fell below zero";
            if (LONGS.compareAndSet(words, at, word, with(word, next))) {
                return count;
            }
        }
    }

    boolean compareAndSet(long[] words, int at, int page, int expected, int next) {
        while (true) {
            long word = (long) LONGS.getAcquire(words, at);
            int count = of(word);
            if (count == full || next >= full) {
                return compareAndSetOutgrown(words, at, page, expected, next);
            }
            if (count != expected) {
                return false;
            }
            if (LONGS.compareAndSet(words, at, word, with(word, next))) {
                return true;
            }
        }
    }

    /// Adds one where there is something already, if other bits of the word are as expected.
    ///
    /// @return false, and nothing changed, if the count is 0 or those bits are not
    boolean tryIncrement(long[] words, int at, int page, long otherBits, long expected) {
        while (true) {
            long word = (long) LONGS.getAcquire(words, at);
            int count = of(word);
            if (count == 0 || (word & otherBits) != expected) {
                return false;
            }
            if (count + 1 >= full) {
                return tryIncrementOutgrown(words, at, page, otherBits, expected);
            }
            if (LONGS.compareAndSet(words, at, word, with(word, count + 1))) {
                return true;
            }
        }
    }

    // The long way: under the lock, which also guards the change between both forms.

    private int getOutgrown(long[] words, int at, int page) {
        lock.lock();
        try {
            return currentLocked((long) LONGS.getAcquire(words, at), page);
        } finally {
            lock.unlock();
        }
    }

    private int currentLocked(long word, int page) {
        int count = of(word);
        return count == full ? outgrownLocked()[page] : count;
    }

    private int getAndAddOutgrown(long[] words, int at, int page, int delta) {
        lock.lock();
        try {
            while (true) {
                long word = (long) LONGS.getAcquire(words, at);
                int count = currentLocked(word, page);
                if (storeLocked(words, at, page, word, count + delta)) {
                    return count;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean tryIncrementOutgrown(
            long[] words, int at, int page, long otherBits, long expected) {
        lock.lock();
        try {
            while (true) {
                long word = (long) LONGS.getAcquire(words, at);
                int count = currentLocked(word, page);
                if (count == 0 || (word & otherBits) != expected) {
                    return false;
                }
                if (storeLocked(words, at, page, word, count + 1)) {
                    return true;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean compareAndSetOutgrown(long[] words, int at, int page, int expected, int next) {
        lock.lock();
        try {
            while (true) {
                long word = (long) LONGS.getAcquire(words, at);
                if (currentLocked(word, page) != expected) {
                    return false;
                }
                if (storeLocked(words, at, page, word, next)) {
                    return true;
                }
            }
        } finally {
            lock.unlock();
        }
    }

    private boolean storeLocked(long[] words, int at, int page, long word, int count) {
        assert count >= 0 : "a count fell below zero";
        if (count >= full) {
            outgrownLocked()[page] = count;
        }
        return LONGS.compareAndSet(words, at, word, with(word, Math.min(count, full)));
    }

    private int[] outgrownLocked() {
        int[] counts = outgrown;
        if (counts == null) {
            counts = new int[FolioSection.PAGES];
            outgrown = counts;
        }
        return counts;
    }
}
