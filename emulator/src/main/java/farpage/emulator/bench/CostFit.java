package farpage.emulator.bench;

import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;

/// The two figures that say most about copies by their size: what each one costs whatever its size,
/// and what each byte adds. Found by least squares of relative errors, so that small sizes count as
/// much as large ones.
///
/// @param fixedNanos for each batch
/// @param nanosPerByte beyond that
/// @kernel None: Hockney's model of a transfer
public record CostFit(double fixedNanos, double nanosPerByte) {
    /// A size and the time that it took.
    ///
    /// @kernel None: a measured value
    public record Point(double bytes, double nanos) {}

    /// Through points of at least two sizes; empty where they do not fit, because larger ones were
    /// not slower.
    public static Optional<CostFit> of(List<Point> points) {
        double one = 0;
        double x = 0;
        double xx = 0;
        double y = 0;
        double xy = 0;
        for (Point point : points) {
            double weight = 1 / (point.nanos() * point.nanos());
            one += weight;
            x += weight * point.bytes();
            xx += weight * point.bytes() * point.bytes();
            y += weight * point.nanos();
            xy += weight * point.bytes() * point.nanos();
        }
        double determinant = one * xx - x * x;
        double slope = (one * xy - x * y) / determinant;
        if (points.size() < 2 || !Double.isFinite(slope) || slope <= 0) {
            return Optional.empty();
        }
        return Optional.of(new CostFit(Math.max(0, (y - slope * x) / one), slope));
    }

    /// The rate that large sizes approach, in 10^9 bytes a second.
    public double gbps() {
        return 1 / nanosPerByte;
    }

    /// The size at which half of that rate is reached.
    public double halfBytes() {
        return fixedNanos / nanosPerByte;
    }

    /// The size from which on this is faster than something without fixed costs; empty if never.
    public OptionalDouble breakEvenBytes(double otherNanosPerByte) {
        return otherNanosPerByte > nanosPerByte
                ? OptionalDouble.of(fixedNanos / (otherNanosPerByte - nanosPerByte))
                : OptionalDouble.empty();
    }
}
