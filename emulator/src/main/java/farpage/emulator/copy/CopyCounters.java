package farpage.emulator.copy;

/// What was copied in one direction.
///
/// @param batches copies asked for, each with one wait at its end
/// @param pages pages whose contents moved
/// @param clearedPages pages that became zeros without a source
/// @param bytes bytes that moved, cleared pages not counted
/// @param commands commands sent to the device
/// @param nanos time from the first command of each batch to the end of its last
/// @opencl CL_PROFILING_COMMAND_START, CL_PROFILING_COMMAND_END
public record CopyCounters(
        long batches, long pages, long clearedPages, long bytes, long commands, long nanos) {

    /// Decimal gigabytes a second, or 0 when nothing was copied.
    public double gigabytesPerSecond() {
        return nanos == 0 ? 0 : (double) bytes / nanos;
    }

    /// The counters of this minus those of an earlier look.
    public CopyCounters since(CopyCounters earlier) {
        return new CopyCounters(
                batches - earlier.batches,
                pages - earlier.pages,
                clearedPages - earlier.clearedPages,
                bytes - earlier.bytes,
                commands - earlier.commands,
                nanos - earlier.nanos);
    }

    /// The sum of both.
    public CopyCounters plus(CopyCounters other) {
        return new CopyCounters(
                batches + other.batches,
                pages + other.pages,
                clearedPages + other.clearedPages,
                bytes + other.bytes,
                commands + other.commands,
                nanos + other.nanos);
    }
}
