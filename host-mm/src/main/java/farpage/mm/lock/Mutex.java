package farpage.mm.lock;

import java.util.concurrent.locks.AbstractQueuedSynchronizer;
import java.util.concurrent.locks.Condition;

/// The lock word of a [RankedLock] and the queue behind it, in one object: there is one for each
/// page table, and who takes thousands in a row waits for memory, not for the lock.
///
/// @kernel include/asm-generic/qspinlock.h
final class Mutex extends AbstractQueuedSynchronizer {
    private static final long serialVersionUID = 1L;

    Mutex() {}

    void lock() {
        if (!tryAcquire(1)) {
            acquire(1);
        }
    }

    boolean tryLock() {
        return tryAcquire(1);
    }

    void unlock() {
        release(1);
    }

    boolean isLocked() {
        return getState() != 0;
    }

    boolean isHeldByCurrentThread() {
        return isHeldExclusively();
    }

    Condition newCondition() {
        return new ConditionObject();
    }

    @Override
    protected boolean tryAcquire(int acquires) {
        if (!compareAndSetState(0, 1)) {
            return false;
        }
        setExclusiveOwnerThread(Thread.currentThread());
        return true;
    }

    @Override
    protected boolean tryRelease(int releases) {
        if (!isHeldExclusively()) {
            throw new IllegalMonitorStateException();
        }
        setExclusiveOwnerThread(null);
        setState(0);
        return true;
    }

    @Override
    @SuppressWarnings("ReferenceEquality") // a thread is known by identity
    protected boolean isHeldExclusively() {
        return getExclusiveOwnerThread() == Thread.currentThread();
    }
}
