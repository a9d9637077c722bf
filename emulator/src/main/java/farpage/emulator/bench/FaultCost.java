package farpage.emulator.bench;

import java.util.Optional;

/// What faults of one kind took on folios of one order.
///
/// @param nanos from the access until it succeeds
/// @param rawNanos of one plain blocking transfer of as many bytes, taken in turn
/// @param modelNanos of a fault, without the time in the copy engine
/// @param failure what was wrong with the data; empty if nothing was
/// @kernel mm/memory.c: do_swap_page, the device-private branch
public record FaultCost(
        FaultKind kind,
        int order,
        Distribution nanos,
        Distribution rawNanos,
        Distribution modelNanos,
        Optional<String> failure) {
    /// The median of a fault against that of a plain transfer.
    public double ratio() {
        return (double) nanos.medianNanos() / rawNanos.medianNanos();
    }

    /// Faults that one thread takes in a second, one after another.
    public double faultsPerSecond() {
        return 1e9 / nanos.meanNanos();
    }
}
