package farpage.emulator.churn;

/// The device's memory over a stretch of a churn.
///
/// @param nanos when the stretch ended, from the start
/// @param livePages in use at that time
/// @param freePages free at that time
/// @param largeFreePages of them in pieces of 2 MiB
/// @param halfFreeSteps steps of the stretch at which half of the memory was free
/// @param largeShareMin the least share of the free memory in pieces of 2 MiB at those steps; 1 if
///   there was none
/// @param compactedPages moved within the device since the start
/// @kernel mm/vmstat.c: extfrag_for_order
public record ChurnSample(
        long nanos,
        long livePages,
        long freePages,
        long largeFreePages,
        long halfFreeSteps,
        double largeShareMin,
        long compactedPages) {
    /// The share of the free memory that is in pieces of 2 MiB.
    public double largeShare() {
        return freePages == 0 ? 1 : (double) largeFreePages / freePages;
    }
}
