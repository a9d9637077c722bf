package farpage.mm.lock;

import java.util.concurrent.locks.ReentrantReadWriteLock;

/// A read-write semaphore with a rank. Readers do not take it twice.
///
/// @kernel include/linux/rwsem.h
public final class RankedReadWriteLock {
    private final LockRank rank;
    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();

    public RankedReadWriteLock(LockRank rank) {
        this.rank = rank;
    }

    public void lockRead() {
        assert HeldRanks.waitFor(rank);
        lock.readLock().lock();
        assert HeldRanks.acquired(rank);
    }

    public void unlockRead() {
        lock.readLock().unlock();
        assert HeldRanks.released(rank);
    }

    public void lockWrite() {
        assert HeldRanks.waitFor(rank);
        lock.writeLock().lock();
        assert HeldRanks.acquired(rank);
    }

    public void unlockWrite() {
        lock.writeLock().unlock();
        assert HeldRanks.released(rank);
    }

    public boolean isHeld() {
        return lock.isWriteLockedByCurrentThread() || lock.getReadHoldCount() > 0;
    }

    public boolean isHeldForWrite() {
        return lock.isWriteLockedByCurrentThread();
    }
}
