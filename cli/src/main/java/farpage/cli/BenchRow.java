package farpage.cli;

import farpage.emulator.bench.Distribution;

/// How measured values stand in a row: rates in 10^9 bytes a second, times in microseconds.
final class BenchRow {
    private static final double NANOS_IN_MICRO = 1e3;

    private BenchRow() {}

    /// A rate; its `p99` is what all but the slowest hundredth reach.
    static Row gbps(long bytes, Distribution times) {
        return new Row()
                .put("median", times.gbps(bytes))
                .put("p99", times.slowGbps(bytes))
                .put("reps", times.reps());
    }

    static Row micros(Distribution times) {
        return new Row()
                .put("median", times.medianNanos() / NANOS_IN_MICRO)
                .put("p99", times.nanos(99) / NANOS_IN_MICRO)
                .put("reps", times.reps());
    }

    /// Times of which the tail matters.
    static Row latencyMicros(Distribution times) {
        return micros(times)
                .put("p50", times.medianNanos() / NANOS_IN_MICRO)
                .put("p90", times.nanos(90) / NANOS_IN_MICRO)
                .put("p999", times.nanos(99.9) / NANOS_IN_MICRO)
                .put("max", times.maxNanos() / NANOS_IN_MICRO);
    }
}
