package farpage.mm.memory;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedCondition;
import farpage.mm.lock.RankedLock;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// Where threads sleep for a folio lock: a hashed table of wait queues, because a queue for each
/// page would cost more than the page's whole state.
///
/// A waiter announces itself and looks again while it holds the queue; the owner clears the lock
/// bit and wakes under the same queue, so no wake-up is lost. One unlock ends the wait of everybody
/// who slept for that page, even if somebody else has locked it by the time they run: they do not
/// want the lock, they want the state that it guarded to have moved on.
///
/// @kernel mm/filemap.c: folio_wait_table
final class FolioWaitTable {
    private static final int QUEUES = 64;

    private final Queue[] queues = new Queue[QUEUES];

    private static final class Queue {
        private final RankedLock lock = new RankedLock(LockRank.WAIT_QUEUE);
        private final RankedCondition woken = lock.newCondition();
        private final List<Waiter> waiters = new ArrayList<>();
    }

    private static final class Waiter {
        private final long page;
        private boolean awake;

        private Waiter(long page) {
            this.page = page;
        }
    }

    FolioWaitTable() {
        for (int queue = 0; queue < QUEUES; queue++) {
            queues[queue] = new Queue();
        }
    }

    /// Sleeps until the page is unlocked once; returns at once if it is not locked.
    void await(long page, FolioTable folios) {
        Queue queue = queue(page);
        queue.lock.lock();
        try {
            if (!folios.announceWaiter(page)) {
                return;
            }
            Waiter waiter = new Waiter(page);
            queue.waiters.add(waiter);
            while (!waiter.awake) {
                queue.woken.await();
            }
        } finally {
            queue.lock.unlock();
        }
    }

    void wakeAll(long page) {
        Queue queue = queue(page);
        queue.lock.lock();
        try {
            Iterator<Waiter> waiters = queue.waiters.iterator();
            while (waiters.hasNext()) {
                Waiter waiter = waiters.next();
                if (waiter.page == page) {
                    waiter.awake = true;
                    waiters.remove();
                }
            }
            queue.woken.signalAll();
        } finally {
            queue.lock.unlock();
        }
    }

    private Queue queue(long page) {
        return queues[(int) ((page * 0x9E3779B97F4A7C15L) >>> 58)];
    }
}
