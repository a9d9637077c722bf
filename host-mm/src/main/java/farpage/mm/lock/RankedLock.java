package farpage.mm.lock;

import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// A mutex with a rank. It is not taken twice by one thread.
///
/// @kernel include/linux/mutex.h, spinlock.h
public final class RankedLock {
    private final LockRank rank;
    private final ReentrantLock lock = new ReentrantLock();

    public RankedLock(LockRank rank) {
        this.rank = rank;
    }

    public void lock() {
        assert HeldRanks.waitFor(rank);
        lock.lock();
        assert HeldRanks.acquired(rank);
    }

    /// Waits for a second lock of a rank already held. Only where both belong to one operation and
    /// their order is fixed, as for the two page tables of `fork`.
    public void lockNested() {
        assert HeldRanks.holds(rank);
        assert !lock.isHeldByCurrentThread();
        lock.lock();
        assert HeldRanks.acquired(rank);
    }

    public boolean tryLock() {
        assert !lock.isHeldByCurrentThread();
        if (!lock.tryLock()) {
            return false;
        }
        assert HeldRanks.acquired(rank);
        return true;
    }

    public void unlock() {
        lock.unlock();
        assert HeldRanks.released(rank);
    }

    public boolean isHeldByCurrentThread() {
        return lock.isHeldByCurrentThread();
    }

    /// A condition of this lock. Waiting on it gives the lock up, so nothing inner may be held.
    public Condition newCondition() {
        return lock.newCondition();
    }
}
