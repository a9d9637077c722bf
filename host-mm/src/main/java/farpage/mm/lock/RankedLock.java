package farpage.mm.lock;

/// A mutex with a rank. It is not taken twice by one thread.
///
/// @kernel include/linux/mutex.h, spinlock.h
public final class RankedLock {
    private final LockRank rank;
    private final Mutex lock = new Mutex();

    public RankedLock(LockRank rank) {
        this.rank = rank;
    }

    public void lock() {
        boolean isTaken = false;
        assert isTaken = lockChecked();
        if (!isTaken) {
            lock.lock();
        }
    }

    /// Asks the thread once what it holds: locks are taken often.
    private boolean lockChecked() {
        HeldRanks held = HeldRanks.current();
        boolean isInOrder = held.mayWaitFor(rank);
        assert isInOrder;
        boolean isFree = awaitFree();
        assert isFree;
        lock.lock();
        return held.add(rank);
    }

    /// Waits for a second lock of a rank already held. Only where both belong to one operation and
    /// their order is fixed, as for the two page tables of `fork`.
    public void lockNested() {
        assert HeldRanks.holds(rank);
        assert !lock.isHeldByCurrentThread();
        assert awaitFree();
        lock.lock();
        assert HeldRanks.acquired(rank);
    }

    public boolean tryLock() {
        assert !lock.isHeldByCurrentThread();
        assert Stepping.point(YieldPoint.TRY_LOCK, rank);
        if (!lock.tryLock()) {
            return false;
        }
        assert HeldRanks.acquired(rank);
        return true;
    }

    public void unlock() {
        lock.unlock();
        assert HeldRanks.released(rank);
        assert Stepping.released(lock, rank);
    }

    public boolean isHeldByCurrentThread() {
        return lock.isHeldByCurrentThread();
    }

    /// What threads that hold this lock can sleep for.
    public RankedCondition newCondition() {
        return new RankedCondition(this, lock.newCondition());
    }

    LockRank rank() {
        return rank;
    }

    /// Drops the lock of a stepped thread without giving others their turn.
    void unlockToSleep(Stepper stepper) {
        lock.unlock();
        assert HeldRanks.released(rank);
        stepper.wake(lock);
    }

    /// Lets a stepped thread wait until the lock is free.
    private boolean awaitFree() {
        Stepper stepper = Stepping.lookupCurrent();
        if (stepper != null) {
            stepper.pause(YieldPoint.LOCK, rank.name());
            while (lock.isLocked()) {
                stepper.block(lock, rank.name());
            }
        }
        return true;
    }
}
