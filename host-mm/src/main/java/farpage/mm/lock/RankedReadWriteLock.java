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
        boolean isTaken = false;
        assert isTaken = lockReadChecked();
        if (!isTaken) {
            lock.readLock().lock();
        }
    }

    /// Asks the thread once what it holds: locks are taken often.
    private boolean lockReadChecked() {
        HeldRanks held = HeldRanks.current();
        boolean isInOrder = held.mayWaitFor(rank);
        assert isInOrder;
        boolean isFree = awaitFree(false);
        assert isFree;
        lock.readLock().lock();
        return held.add(rank);
    }

    public void unlockRead() {
        lock.readLock().unlock();
        assert HeldRanks.released(rank);
        assert Stepping.released(lock, rank);
    }

    public void lockWrite() {
        assert HeldRanks.waitFor(rank);
        assert awaitFree(true);
        lock.writeLock().lock();
        assert HeldRanks.acquired(rank);
    }

    public void unlockWrite() {
        lock.writeLock().unlock();
        assert HeldRanks.released(rank);
        assert Stepping.released(lock, rank);
    }

    public boolean isHeld() {
        return lock.isWriteLockedByCurrentThread() || lock.getReadHoldCount() > 0;
    }

    public boolean isHeldForWrite() {
        return lock.isWriteLockedByCurrentThread();
    }

    /// Lets a stepped thread wait until it can have the lock.
    private boolean awaitFree(boolean write) {
        Stepper stepper = Stepping.lookupCurrent();
        if (stepper != null) {
            stepper.pause(YieldPoint.LOCK, rank.name());
            while (lock.isWriteLocked() || write && lock.getReadLockCount() > 0) {
                stepper.block(lock, rank.name());
            }
        }
        return true;
    }
}
