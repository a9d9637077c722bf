package farpage.mm.notifier;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/// A driver's interest in a range of one process's addresses, with the sequence that tells it
/// whether what it read there is still true.
///
/// The sequence of the notifier is always odd; that of the process is odd exactly while an
/// invalidation that reaches some notifier is under way. They are equal only while this notifier's
/// own invalidation runs.
///
/// @kernel include/linux/mmu_notifier.h: struct mmu_interval_notifier
public final class MmuIntervalNotifier implements AutoCloseable {
    private static final VarHandle SEQUENCE;

    static {
        try {
            SEQUENCE =
                    MethodHandles.lookup()
                            .findVarHandle(MmuIntervalNotifier.class, "sequence", long.class);
        } catch (ReflectiveOperationException e) {
            throw new ExceptionInInitializerError(e);
        }
    }

    private final MmuNotifierSubscriptions subscriptions;
    private final MmuIntervalNotifierOps ops;
    private final long start;
    private final long end;

    @SuppressWarnings("unused") // through SEQUENCE
    private long sequence;

    MmuIntervalNotifier(
            MmuNotifierSubscriptions subscriptions,
            MmuIntervalNotifierOps ops,
            long start,
            long end) {
        this.subscriptions = subscriptions;
        this.ops = ops;
        this.start = start;
        this.end = end;
    }

    /// Begins to read mappings. Waits while an invalidation of this notifier is under way.
    ///
    /// @return what to hand to [#readRetry(long)]
    /// @kernel mm/mmu_notifier.c: mmu_interval_read_begin
    public long readBegin() {
        return subscriptions.readBegin(this);
    }

    /// Whether what was read since [#readBegin()] may be stale. Called with the driver's lock held,
    /// the one that the callback takes.
    ///
    /// @kernel include/linux/mmu_notifier.h: mmu_interval_read_retry
    public boolean readRetry(long sequence) {
        return sequenceAcquire() != sequence;
    }

    /// For the callback, under the driver's lock.
    ///
    /// @kernel include/linux/mmu_notifier.h: mmu_interval_set_seq
    public void setSequence(long sequence) {
        SEQUENCE.setRelease(this, sequence);
    }

    long sequenceAcquire() {
        return (long) SEQUENCE.getAcquire(this);
    }

    boolean invalidate(MmuNotifierRange range, long sequence) {
        return ops.invalidate(this, range, sequence);
    }

    boolean overlaps(MmuNotifierRange range) {
        return Long.compareUnsigned(start, range.end()) < 0
                && Long.compareUnsigned(range.start(), end - 1) <= 0;
    }

    public long start() {
        return start;
    }

    public long end() {
        return end;
    }

    /// Removes the notifier. Waits for an invalidation under way; no callback runs afterwards.
    ///
    /// @kernel mm/mmu_notifier.c: mmu_interval_notifier_remove
    @Override
    public void close() {
        subscriptions.remove(this);
    }
}
