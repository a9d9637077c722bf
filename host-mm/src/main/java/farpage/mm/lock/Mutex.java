package farpage.mm.lock;

import java.util.concurrent.locks.AbstractQueuedSynchronizer;
import java.util.concurrent.locks.Condition;

/// The lock word of a [RankedLock] and the queue behind it. The lock is one object with it: there
/// is one for each page table, and who takes thousands in a row waits for memory, not for the lock.
///
/// @kernel include/asm-generic/qspinlock.h
abstract class Mutex extends AbstractQueuedSynchronizer {
    private static final long serialVersionUID = 1L;

    Mutex() {}

    final void acquireWord() {
        if (!tryAcquire(1)) {
            acquire(1);
        }
    }

    final boolean tryAcquireWord() {
        return tryAcquire(1);
    }

    final void releaseWord() {
        release(1);
    }

    final boolean isTaken() {
        return getState() != 0;
    }

    final Condition newWordCondition() {
        return new ConditionObject();
    }

    @Override
    protected final boolean tryAcquire(int acquires) {
        if (!compareAndSetState(0, 1)) {
            return false;
        }
        setExclusiveOwnerThread(Thread.currentThread());
        return true;
    }

    @Override
    protected final boolean tryRelease(int releases) {
        if (!isHeldExclusively()) {
            throw new IllegalMonitorStateException();
        }
        setExclusiveOwnerThread(null);
        setState(0);
        return true;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // a thread is known by identity
    protected final boolean isHeldExclusively() {
        return getExclusiveOwnerThread() == Thread.currentThread();
    }
}
