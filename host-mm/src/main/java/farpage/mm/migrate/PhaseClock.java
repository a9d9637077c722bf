package farpage.mm.migrate;

import java.util.Arrays;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// The time that migrations spend in each [MigratePhase], for measurements. It stands still until
/// somebody starts it, and costs a look at one field then.
///
/// Whoever starts it sees to it that one thread alone migrates until it is stopped. Where copies
/// overlap with other phases, the time counts for the phase that the thread is in.
///
/// @kernel include/trace/events/migrate.h: mm_migrate_pages_start, mm_migrate_pages
public final class PhaseClock {
    private static final int NONE = -1;

    private final long[] nanos = new long[MigratePhase.values().length];
    private @Nullable LongSupplier nanoClock;
    private int current = NONE;
    private long since;

    /// A clock that stands still.
    public PhaseClock() {}

    /// Starts from zero.
    public void start(LongSupplier clock) {
        Arrays.fill(nanos, 0);
        current = NONE;
        nanoClock = clock;
    }

    /// Stands still again. What was measured can be read until the next start.
    public void stop() {
        nanoClock = null;
    }

    /// A phase begins, and the one before it ends.
    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    public void enter(MigratePhase phase) {
        LongSupplier clock = nanoClock;
        if (clock != null) {
            switchTo(phase.ordinal(), clock.getAsLong());
        }
    }

    /// What follows belongs to no phase.
    public void leave() {
        LongSupplier clock = nanoClock;
        if (clock != null) {
            switchTo(NONE, clock.getAsLong());
        }
    }

    private void switchTo(int next, long now) {
        if (current != NONE) {
            nanos[current] += now - since;
        }
        current = next;
        since = now;
    }

    /// Nanoseconds spent in a phase since the start.
    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    public long nanos(MigratePhase phase) {
        return nanos[phase.ordinal()];
    }
}
