package farpage.emulator.bench;

import org.HdrHistogram.Histogram;

/// Times of one action, taken again and again, as a histogram that keeps three digits.
///
/// @kernel kernel/trace/trace_events_hist.c: percentiles of a histogram
public final class Distribution {
    private static final int DIGITS = 3;

    private final Histogram histogram = new Histogram(DIGITS);

    /// Without times yet.
    public Distribution() {}

    /// Adds a time in nanoseconds. A clock that is too coarse to see the action counts as one.
    public void add(long nanos) {
        histogram.recordValue(Math.max(1, nanos));
    }

    /// Forgets all, as after warming up.
    public void clear() {
        histogram.reset();
    }

    /// How many times there are.
    public long reps() {
        return histogram.getTotalCount();
    }

    /// Half of the times are no longer.
    public long medianNanos() {
        return nanos(50);
    }

    /// That many percent of the times are no longer.
    ///
    /// @throws IllegalStateException without times
    public long nanos(double percent) {
        requireTimes();
        return Math.min(histogram.getValueAtPercentile(percent), histogram.getMaxValue());
    }

    /// The longest.
    public long maxNanos() {
        requireTimes();
        return histogram.getMaxValue();
    }

    /// Their sum by their number.
    public double meanNanos() {
        requireTimes();
        return histogram.getMean();
    }

    /// The rate of so many bytes in the median time, in 10^9 bytes a second.
    public double gbps(long bytes) {
        return (double) bytes / medianNanos();
    }

    /// The rate that all but the slowest hundredth reach.
    public double slowGbps(long bytes) {
        return (double) bytes / nanos(99);
    }

    private void requireTimes() {
        if (reps() == 0) {
            throw new IllegalStateException("a distribution without times");
        }
    }

    @Override
    public String toString() {
        return reps() == 0
                ? "no times"
                : "median " + medianNanos() + " ns of " + reps() + ", most " + maxNanos() + " ns";
    }
}
