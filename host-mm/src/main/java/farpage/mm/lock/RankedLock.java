package farpage.mm.lock;

/// A mutex with a rank. It is not taken twice by one thread.
///
/// What is locked so often that it should lie in memory with its lock may extend this class.
///
/// @kernel include/linux/mutex.h, spinlock.h
public class RankedLock extends Mutex {
    private static final long serialVersionUID = 1L;

    private final LockRank rank;

    public RankedLock(LockRank rank) {
        this.rank = rank;
    }

    public final void lock() {
        boolean isTaken = false;
        assert isTaken = lockChecked();
        if (!isTaken) {
            acquireWord();
        }
    }

    /// Asks the thread once what it holds: locks are taken often.
    private boolean lockChecked() {
        HeldRanks held = HeldRanks.current();
        boolean isInOrder = held.mayWaitFor(rank);
        assert isInOrder;
        boolean isFree = awaitFree();
        assert isFree;
        acquireWord();
        return held.add(rank);
    }

    /// Waits for a second lock of a rank already held. Only where both belong to one operation and
    /// their order is fixed, as for the two page tables of `fork`.
    public final void lockNested() {
        assert HeldRanks.holds(rank);
        assert !isHeldByCurrentThread();
        assert awaitFree();
        acquireWord();
        assert HeldRanks.acquired(rank);
    }

    public final boolean tryLock() {
        assert !isHeldByCurrentThread();
        assert Stepping.point(YieldPoint.TRY_LOCK, rank);
        if (!tryAcquireWord()) {
            return false;
        }
        assert HeldRanks.acquired(rank);
        return true;
    }

    public final void unlock() {
        releaseWord();
        assert HeldRanks.released(rank);
        assert Stepping.released(this, rank);
    }

    public final boolean isHeldByCurrentThread() {
        return isHeldExclusively();
    }

    /// What threads that hold this lock can sleep for.
    public final RankedCondition newCondition() {
        return new RankedCondition(this, newWordCondition());
    }

    final LockRank rank() {
        return rank;
    }

    /// Drops the lock of a stepped thread without giving others their turn.
    final void unlockToSleep(Stepper stepper) {
        releaseWord();
        assert HeldRanks.released(rank);
        stepper.wake(this);
    }

    /// Lets a stepped thread wait until the lock is free.
    private boolean awaitFree() {
        Stepper stepper = Stepping.lookupCurrent();
        if (stepper != null) {
            stepper.pause(YieldPoint.LOCK, rank.name());
            while (isTaken()) {
                stepper.block(this, rank.name());
            }
        }
        return true;
    }
}
