package farpage.mm.migrate;

import java.util.Arrays;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// What an ordinary migration spends its time with, and how long each folio could not be used: from
/// when it is unmapped until it is mapped again. For one thread.
///
/// @kernel include/trace/events/migrate.h: mm_migrate_pages
public final class MigrateTimes {
    /// Nobody measures: costs a look at one field.
    static final MigrateTimes NONE = new MigrateTimes();

    private final @Nullable LongSupplier nanoClock;
    private final long[] nanos = new long[FolioPhase.values().length];
    private long[] away = new long[64];
    private int awayCount;
    private long since;

    private MigrateTimes() {
        nanoClock = null;
    }

    /// Measures by a clock that only ever goes forward.
    public MigrateTimes(LongSupplier clock) {
        nanoClock = clock;
    }

    /// Now, or 0 if nobody measures.
    long now() {
        return nanoClock == null ? 0 : nanoClock.getAsLong();
    }

    /// What follows belongs to no phase before the next [#end].
    void begin() {
        if (nanoClock != null) {
            since = nanoClock.getAsLong();
        }
    }

    /// What was done since the last [#begin] or [#end] belongs to a phase.
    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    void end(FolioPhase phase) {
        if (nanoClock != null) {
            long now = nanoClock.getAsLong();
            nanos[phase.ordinal()] += now - since;
            since = now;
        }
    }

    /// A folio is mapped again.
    ///
    /// @param unmappedAt what [#now] was when it was unmapped
    void back(long unmappedAt) {
        if (nanoClock != null) {
            if (awayCount == away.length) {
                away = Arrays.copyOf(away, 2 * awayCount);
            }
            away[awayCount++] = nanoClock.getAsLong() - unmappedAt;
        }
    }

    /// Nanoseconds that a phase took.
    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    public long nanos(FolioPhase phase) {
        return nanos[phase.ordinal()];
    }

    /// Nanoseconds that each folio could not be used, those first that came back first.
    public long[] inaccessibleNanos() {
        return Arrays.copyOf(away, awayCount);
    }
}
