package farpage.mm.userfaultfd;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedCondition;
import farpage.mm.lock.RankedLock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/// The faults that wait for a handler: those that nobody has read yet, and those whose handler has
/// them. Both are woken by their address.
///
/// @kernel fs/userfaultfd.c: fault_pending_wqh, fault_wqh, fd_wqh of struct userfaultfd_ctx
final class FaultQueue {
    private final RankedLock lock = new RankedLock(LockRank.WAIT_QUEUE);
    private final RankedCondition woken = lock.newCondition();
    private final RankedCondition arrived = lock.newCondition();
    private final Deque<Waiter> pending = new ArrayDeque<>();
    private final List<Waiter> handed = new ArrayList<>();
    private boolean released;

    /// One fault that waits.
    ///
    /// @kernel fs/userfaultfd.c: struct userfaultfd_wait_queue
    static final class Waiter {
        private final UffdMessage message;
        private boolean awake;

        private Waiter(UffdMessage message) {
            this.message = message;
        }
    }

    /// Makes a fault known. From here on a wake-up is not lost, though the thread does not sleep
    /// yet. The mmap lock is held, so if the file descriptor is being closed the wake-up at the end
    /// of that is still to come.
    Waiter add(UffdMessage message) {
        Waiter waiter = new Waiter(message);
        lock.lock();
        pending.add(waiter);
        lock.unlock();
        return waiter;
    }

    /// Tells the readers of the fault, and sleeps until it is woken. Nothing is held.
    void sleep(Waiter waiter) {
        lock.lock();
        try {
            arrived.signalAll();
            while (!waiter.awake) {
                woken.await();
            }
        } finally {
            lock.unlock();
        }
    }

    /// Takes a fault back that turned out to need no handler.
    void withdraw(Waiter waiter) {
        lock.lock();
        pending.remove(waiter);
        handed.remove(waiter);
        lock.unlock();
    }

    /// Hands the oldest unread fault out.
    Optional<UffdMessage> tryRead() {
        lock.lock();
        try {
            return readLocked();
        } finally {
            lock.unlock();
        }
    }

    /// Waits for a fault to hand out.
    ///
    /// @return empty once the file descriptor is closed
    Optional<UffdMessage> read() {
        lock.lock();
        try {
            while (pending.isEmpty() && !released) {
                arrived.await();
            }
            return readLocked();
        } finally {
            lock.unlock();
        }
    }

    private Optional<UffdMessage> readLocked() {
        Waiter waiter = released ? null : pending.poll();
        if (waiter == null) {
            return Optional.empty();
        }
        handed.add(waiter);
        return Optional.of(waiter.message);
    }

    /// Ends the wait of every fault in `[start, end)`, read or not.
    ///
    /// @kernel fs/userfaultfd.c: __wake_userfault
    void wake(long start, long end) {
        lock.lock();
        try {
            pending.removeIf(waiter -> wakeIfIn(waiter, start, end));
            handed.removeIf(waiter -> wakeIfIn(waiter, start, end));
            woken.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private static boolean wakeIfIn(Waiter waiter, long start, long end) {
        long address = waiter.message.address();
        boolean in = start <= address && address < end;
        waiter.awake |= in;
        return in;
    }

    /// Hands out no more faults, and ends the waits of readers. Faults that wait must be woken when
    /// no mapping leads here any more.
    void release() {
        lock.lock();
        try {
            released = true;
            arrived.signalAll();
        } finally {
            lock.unlock();
        }
    }

    boolean isReleased() {
        lock.lock();
        try {
            return released;
        } finally {
            lock.unlock();
        }
    }

    /// Faults that wait, for checks.
    int waitingCount() {
        lock.lock();
        try {
            return pending.size() + handed.size();
        } finally {
            lock.unlock();
        }
    }
}
