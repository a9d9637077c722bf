package farpage.mm.memory;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedCondition;
import farpage.mm.lock.RankedLock;

/// Where threads sleep for a folio lock: a hashed table of wait queues, because a queue for each
/// page would cost more than the page's whole state.
///
/// A waiter announces itself and looks again while it holds the queue; the owner clears the lock
/// bit and wakes under the same queue, so no wake-up is lost. Waiters of other pages may wake too
/// and go back to sleep.
///
/// @kernel mm/filemap.c: folio_wait_table
final class FolioWaitTable {
    private static final int QUEUES = 64;

    private final RankedLock[] locks = new RankedLock[QUEUES];
    private final RankedCondition[] unlocked = new RankedCondition[QUEUES];

    FolioWaitTable() {
        for (int queue = 0; queue < QUEUES; queue++) {
            locks[queue] = new RankedLock(LockRank.WAIT_QUEUE);
            unlocked[queue] = locks[queue].newCondition();
        }
    }

    void await(long page, FolioTable folios) {
        int queue = queue(page);
        locks[queue].lock();
        try {
            while (folios.announceWaiter(page)) {
                unlocked[queue].await();
            }
        } finally {
            locks[queue].unlock();
        }
    }

    void wakeAll(long page) {
        int queue = queue(page);
        locks[queue].lock();
        try {
            unlocked[queue].signalAll();
        } finally {
            locks[queue].unlock();
        }
    }

    private static int queue(long page) {
        return (int) ((page * 0x9E3779B97F4A7C15L) >>> 58);
    }
}
