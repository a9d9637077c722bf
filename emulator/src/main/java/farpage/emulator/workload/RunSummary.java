package farpage.emulator.workload;

/// What a workload did, in numbers.
///
/// @param accesses what was run
/// @param faults page faults by who took them
/// @param toDevice pages that migrated to device memory
/// @param toSystem pages that migrated to system memory, evictions included
/// @param evictedPages those of them that had to make room
/// @param times where the time went
/// @param loadsVerified loads that were held against the shadow
/// @param digest hash of the final memory
/// @kernel include/linux/vm_event_item.h: PGFAULT, PGMIGRATE_SUCCESS and their like
public record RunSummary(
        Accesses accesses,
        Faults faults,
        Transfer toDevice,
        Transfer toSystem,
        long evictedPages,
        Times times,
        long loadsVerified,
        long digest) {

    /// Accesses by kind, as recorded, and their parts within pages by who ran them.
    public record Accesses(
            long fetches, long loads, long stores, long modifies, long cpuParts, long deviceParts) {
        /// All accesses of the recording.
        public long total() {
            return fetches + loads + stores + modifies;
        }
    }

    /// Page faults by who took them.
    ///
    /// @param cpu faults of CPU accesses
    /// @param device faults of device accesses
    public record Faults(long cpu, long device) {}

    /// Copies in one direction.
    ///
    /// @param pages pages that migrated, those among them that were empty and only cleared included
    /// @param bytes bytes copied
    /// @param nanos time spent in copying
    public record Transfer(long pages, long bytes, long nanos) {
        /// Decimal gigabytes a second, or 0 when nothing was copied.
        public double gigabytesPerSecond() {
            return nanos == 0 ? 0 : (double) bytes / nanos;
        }
    }

    /// Where the time went; what is left of `totalNanos` is bookkeeping.
    ///
    /// @param readNanos reading and parsing the trace
    /// @param cpuNanos CPU phases, faults included
    /// @param deviceNanos device phases, faults included
    /// @param verifyNanos computing and comparing the shadow
    /// @param totalNanos from the first access to the digest
    public record Times(
            long readNanos, long cpuNanos, long deviceNanos, long verifyNanos, long totalNanos) {}
}
