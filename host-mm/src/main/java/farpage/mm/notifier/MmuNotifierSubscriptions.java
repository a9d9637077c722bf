package farpage.mm.notifier;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.lock.HeldRanks;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedCondition;
import farpage.mm.lock.RankedLock;
import farpage.mm.lock.Stepping;
import farpage.mm.lock.YieldPoint;
import java.util.ArrayList;
import java.util.List;

/// The interval notifiers of one process and the sequence that orders their invalidations.
///
/// ```
/// sequence even   nothing under way; intervals may be added and removed
/// sequence odd    an invalidation runs that some interval must hear of or wait for; additions and
///                 removals wait in lists of their own until it ends
/// ```
///
/// Several invalidations may run at once; the sequence becomes even when the last one ends.
///
/// @kernel mm/mmu_notifier.c: struct mmu_notifier_subscriptions
public final class MmuNotifierSubscriptions {
    private final RankedLock lock = new RankedLock(LockRank.NOTIFIER_SEQUENCE);
    private final RankedCondition ended = lock.newCondition();

    private final List<MmuIntervalNotifier> intervals = new ArrayList<>();
    private final List<MmuIntervalNotifier> deferredInserts = new ArrayList<>();
    private final List<MmuIntervalNotifier> deferredRemovals = new ArrayList<>();
    private long sequence = 2;
    private int activeCount;
    private boolean released;

    /// Of a process with no notifiers yet.
    public MmuNotifierSubscriptions() {}

    /// The answer to an attempt to add a notifier.
    ///
    /// @kernel mm/mmu_notifier.c: mmu_interval_notifier_insert
    public sealed interface Insertion {
        /// It is in place.
        ///
        /// @param notifier to be closed by the caller
        /// @kernel mm/mmu_notifier.c: mmu_interval_notifier_insert
        record Inserted(MmuIntervalNotifier notifier) implements Insertion {}

        /// It can not be added.
        ///
        /// @param errno EOVERFLOW for an empty or wrapping range, EINVAL for a dead process
        /// @kernel mm/mmu_notifier.c: mmu_interval_notifier_insert
        record Refused(Errno errno) implements Insertion {}
    }

    /// Adds a notifier for `[start, start + length)`.
    public Insertion insert(long start, long length, MmuIntervalNotifierOps ops) {
        if (length == 0 || Long.compareUnsigned(start + length - 1, start) < 0) {
            return new Insertion.Refused(Errno.EOVERFLOW);
        }
        MmuIntervalNotifier notifier = new MmuIntervalNotifier(this, ops, start, start + length);
        lock.lock();
        try {
            if (released) {
                return new Insertion.Refused(Errno.EINVAL);
            }
            placeLocked(notifier);
            return new Insertion.Inserted(notifier);
        } finally {
            lock.unlock();
        }
    }

    /// While an invalidation runs, also one that reached nobody, the sequence is made odd and
    /// becomes the notifier's own, so that its first read waits for the end.
    private void placeLocked(MmuIntervalNotifier notifier) {
        if (activeCount == 0) {
            intervals.add(notifier);
            notifier.setSequence(sequence - 1);
            return;
        }
        if (isInvalidatingLocked()) {
            deferredInserts.add(notifier);
        } else {
            sequence |= 1;
            intervals.add(notifier);
        }
        notifier.setSequence(sequence);
    }

    void remove(MmuIntervalNotifier notifier) {
        assert HeldRanks.waitFor(LockRank.DRIVER_UPDATE);
        lock.lock();
        try {
            if (deferredInserts.remove(notifier)) {
                return;
            }
            if (!intervals.contains(notifier) || deferredRemovals.contains(notifier)) {
                return;
            }
            if (!isInvalidatingLocked()) {
                intervals.remove(notifier);
                return;
            }
            deferredRemovals.add(notifier);
            long running = sequence;
            while (isInvalidatingLocked() && sequence == running) {
                ended.await();
            }
        } finally {
            lock.unlock();
        }
    }

    long readBegin(MmuIntervalNotifier notifier) {
        assert HeldRanks.waitFor(LockRank.DRIVER_UPDATE);
        lock.lock();
        try {
            long own = notifier.sequenceAcquire();
            while (isInvalidatingLocked() && own == sequence) {
                ended.await();
            }
            return own;
        } finally {
            lock.unlock();
        }
    }

    /// Announces a change of mappings. The caller changes them and then calls [#end]. Nothing but
    /// MMAP, FOLIO and ANON_VMA may be held.
    ///
    /// @return false, and nothing to end, if the range is not blockable and a driver was busy
    /// @kernel mm/mmu_notifier.c: __mmu_notifier_invalidate_range_start
    public boolean start(MmuNotifierRange range) {
        assert PageSize.isAligned(range.start());
        assert range.start() < range.end();
        assert HeldRanks.waitFor(LockRank.DRIVER_UPDATE);
        List<MmuIntervalNotifier> reached = List.of();
        long running;
        lock.lock();
        try {
            activeCount++;
            for (int i = 0; i < intervals.size(); i++) {
                if (intervals.get(i).overlaps(range)) {
                    reached = with(reached, intervals.get(i));
                }
            }
            if (!reached.isEmpty()) {
                sequence |= 1;
            }
            running = sequence;
        } finally {
            lock.unlock();
        }
        for (int i = 0; i < reached.size(); i++) {
            MmuIntervalNotifier notifier = reached.get(i);
            if (!notifier.invalidate(range, running)) {
                assert !range.blockable() : "a callback refused a range that it may wait for";
                end();
                return false;
            }
        }
        assert Stepping.point(YieldPoint.NOTIFIER_STARTED);
        return true;
    }

    /// Mostly there is one notifier, the mirror of the only device.
    private static List<MmuIntervalNotifier> with(
            List<MmuIntervalNotifier> reached, MmuIntervalNotifier next) {
        if (reached.isEmpty()) {
            return List.of(next);
        }
        List<MmuIntervalNotifier> more = reached.size() == 1 ? new ArrayList<>(reached) : reached;
        more.add(next);
        return more;
    }

    /// The change that [#start] announced is done.
    ///
    /// @kernel mm/mmu_notifier.c: mn_itree_inv_end
    public void end() {
        lock.lock();
        try {
            assert activeCount > 0;
            activeCount--;
            if (activeCount == 0 && isInvalidatingLocked()) {
                sequence++;
                if (!deferredInserts.isEmpty()) {
                    intervals.addAll(deferredInserts);
                    deferredInserts.clear();
                }
                if (!deferredRemovals.isEmpty()) {
                    intervals.removeAll(deferredRemovals);
                    deferredRemovals.clear();
                }
                ended.signalAll();
            }
        } finally {
            lock.unlock();
        }
        assert Stepping.point(YieldPoint.NOTIFIER_ENDED);
    }

    /// The process ends: every interval is told once, and none can be added any more.
    ///
    /// @kernel mm/mmu_notifier.c: __mmu_notifier_release
    public void release() {
        lock.lock();
        released = true;
        lock.unlock();
        boolean done =
                start(MmuNotifierRange.of(MmuNotifierRange.Event.RELEASE, 0, Long.MAX_VALUE));
        assert done;
        end();
    }

    /// Notifiers in place, for checks.
    public int intervalCount() {
        lock.lock();
        try {
            return intervals.size() + deferredInserts.size();
        } finally {
            lock.unlock();
        }
    }

    /// Whether no invalidation is under way.
    public boolean isQuiet() {
        lock.lock();
        try {
            return activeCount == 0;
        } finally {
            lock.unlock();
        }
    }

    private boolean isInvalidatingLocked() {
        return (sequence & 1) != 0;
    }
}
