package farpage.emulator.calibration;

import farpage.emulator.copy.CopyMethod;
import farpage.mm.PageSize;

/// How fast one method copies batches of one layout.
///
/// @param nanos of a batch, from the call to the end of its wait: the median, from 1024 pages on
///   the lower quartile
/// @param reps how often it was timed
/// @opencl CL_PROFILING_COMMAND_START, CL_PROFILING_COMMAND_END
public record CopyRate(
        PlanDirection direction, CopyLayout layout, CopyMethod method, long nanos, int reps) {
    /// Checks the limits.
    public CopyRate {
        if (nanos < 1) {
            throw new IllegalArgumentException("nanos: value=" + nanos + ", limit=1");
        }
        if (reps < 1) {
            throw new IllegalArgumentException("reps: value=" + reps + ", limit=1");
        }
    }

    /// Decimal gigabytes a second.
    public double gigabytesPerSecond() {
        return (double) PageSize.pageAddress(layout.pages()) / nanos;
    }
}
