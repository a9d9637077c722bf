package farpage.emulator.bench;

/// Tells when the compilers of the Java machine have come to rest. While they work they take a
/// processor from what is measured, and what is measured becomes faster with all that they do.
///
/// @kernel None: a way of measuring
final class CompilerRest {
    /// How long they must have rested.
    private static final long REST_NANOS = 300_000_000;

    /// Working less than one part in so many of that is resting.
    private static final int REST_PART = 12;

    private final MoveClocks clocks;
    private final long limit;
    private long since;
    private long compiled;

    /// @param nanos after which they are waited for no longer
    CompilerRest(MoveClocks clocks, long nanos) {
        this.clocks = clocks;
        this.since = clocks.wall().getAsLong();
        this.limit = since + nanos;
        this.compiled = clocks.compiler().getAsLong();
    }

    /// Whether they have worked for little of the last moments; asked again and again, with what
    /// will be measured going on between. True also if they were waited for long enough.
    boolean isAtRest() {
        long now = clocks.wall().getAsLong();
        long total = clocks.compiler().getAsLong();
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
