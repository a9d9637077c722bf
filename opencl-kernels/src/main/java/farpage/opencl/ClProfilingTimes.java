package farpage.opencl;

/// When a command passed its stages, in nanoseconds of the device's clock. Only differences mean
/// something, and only between times of the same device.
///
/// @param queuedNanos enqueued by the host
/// @param submittedNanos handed to the device
/// @param startedNanos began to run
/// @param endedNanos ended
/// @opencl clGetEventProfilingInfo
public record ClProfilingTimes(
        long queuedNanos, long submittedNanos, long startedNanos, long endedNanos) {
    /// How long the command ran.
    public long runNanos() {
        return endedNanos - startedNanos;
    }
}
