package farpage.emulator.bench;

import java.util.function.LongSupplier;

/// Tells when the compilers of the Java machine have come to rest. While they work they take a
/// processor from what is measured, and what is measured becomes faster with all that they do.
///
/// @kernel None: a way of measuring
final class CompilerRest {
    /// How long they must have rested.
    private static final long REST_NANOS = 300_000_000;

    /// Working less than one part in so many of that is resting.
    private static final int REST_PART = 12;

    private final LongSupplier wall;
    private final LongSupplier compiler;
    private final long limit;
    private long since;
    private long compiled;

    /// @param wall nanoseconds from an arbitrary start
    /// @param compiler nanoseconds that the compilers have worked
    /// @param nanos after which they are waited for no longer
    CompilerRest(LongSupplier wall, LongSupplier compiler, long nanos) {
        this.wall = wall;
        this.compiler = compiler;
        this.since = wall.getAsLong();
        this.limit = since + nanos;
        this.compiled = compiler.getAsLong();
    }

    /// Whether they have worked for little of the last moments; asked again and again, with what
    /// will be measured going on between. True also if they were waited for long enough.
    boolean isAtRest() {
        long now = wall.getAsLong();
        long total = compiler.getAsLong();
        if (now - limit >= 0) {
            return true;
        }
        if (total - compiled > REST_NANOS / REST_PART) {
            since = now;
            compiled = total;
        }
        return now - since >= REST_NANOS;
    }
}
