package farpage.mm.lock;

import java.util.concurrent.locks.Condition;

/// A wait queue: threads that hold a lock sleep here, and give the lock up meanwhile. Nothing inner
/// than the lock may be held. As with every condition, what is waited for is looked at again
/// afterwards.
///
/// @kernel include/linux/wait.h
public final class RankedCondition {
    private final RankedLock lock;
    private final Condition condition;

    RankedCondition(RankedLock lock, Condition condition) {
        this.lock = lock;
        this.condition = condition;
    }

    /// Sleeps until another thread signals.
    @SuppressWarnings("WaitNotInLoop") // the loop is the caller's
    public void await() {
        assert lock.isHeldByCurrentThread();
        Stepper stepper = Stepping.lookupCurrent();
        if (stepper == null) {
            assert HeldRanks.released(lock.rank());
            assert HeldRanks.waitFor(lock.rank());
            condition.awaitUninterruptibly();
            assert HeldRanks.acquired(lock.rank());
            return;
        }
        // No other stepped thread runs before this one is blocked, so no signal is lost.
        lock.unlockToSleep(stepper);
        stepper.block(this, lock.rank() + " condition");
        lock.lock();
    }

    /// Wakes all that sleep. The lock is held.
    public void signalAll() {
        assert lock.isHeldByCurrentThread();
        Stepper stepper = Stepping.lookupCurrent();
        if (stepper != null) {
            stepper.wake(this);
        }
        condition.signalAll();
    }
}
