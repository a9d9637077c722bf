package farpage.emulator.experiment;

import java.util.Arrays;

/// A distribution of times in nanoseconds. A quantile is the least of the times that so many parts
/// of all do not exceed.
///
/// @param reps how many times there are
/// @kernel kernel/trace/trace_events_hist.c: percentiles of a histogram
public record Quantiles(int reps, long median, long p90, long p99, long p999, long max) {
    /// Of times in any order.
    ///
    /// @throws IllegalArgumentException if there are none
    public static Quantiles of(long[] nanos) {
        if (nanos.length == 0) {
            throw new IllegalArgumentException("nanos: count=0, limit=1");
        }
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return new Quantiles(
                sorted.length,
                at(sorted, 500),
                at(sorted, 900),
                at(sorted, 990),
                at(sorted, 999),
                sorted[sorted.length - 1]);
    }

    private static long at(long[] sorted, int perMille) {
        long rank = ((long) sorted.length * perMille + 999) / 1000;
        return sorted[(int) Math.max(0, rank - 1)];
    }
}
