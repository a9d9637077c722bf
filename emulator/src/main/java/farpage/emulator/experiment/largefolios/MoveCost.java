package farpage.emulator.experiment.largefolios;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.Quantiles;
import farpage.mm.PageSize;
import farpage.mm.migrate.MigratePhase;
import java.util.Map;

/// What moves of one kind cost.
///
/// Each move is taken apart: *copy* is the time that its thread spends on the transfer, from the
/// first OpenCL command until the device is done, and *bookkeeping* all the rest of it. Medians of
/// parts need not add up to the median of the whole.
///
/// @param order of the folios, as a power of two of base pages
/// @param bytes that one move covers
/// @param movedPages base pages that one move brings over; after the fault on a folio that is split
///   it may be fewer than it covers
/// @param nanos of whole moves
/// @param rawNanos median time of one plain blocking OpenCL transfer of as many bytes, taken in
///   turn with the moves
/// @param bookkeepingNanos median
/// @param copyNanos median
/// @param phaseNanos median of each phase
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
record MoveCost(
        MoveUnit unit,
        int order,
        FolioPath path,
        Direction direction,
        long bytes,
        long movedPages,
        Quantiles nanos,
        long rawNanos,
        long bookkeepingNanos,
        long copyNanos,
        Map<MigratePhase, Long> phaseNanos) {
    /// Keeps the phases as an unmodifiable map.
    MoveCost {
        phaseNanos = Map.copyOf(phaseNanos);
    }

    /// Decimal gigabytes a second, of what moved.
    public double gbps() {
        return (double) PageSize.pageAddress(movedPages) / Math.max(1, nanos.median());
    }

    /// Decimal gigabytes a second of the plain transfer.
    public double rawGbps() {
        return (double) bytes / Math.max(1, rawNanos);
    }

    /// The part of the bookkeeping in the whole, 0 to 1.
    public double bookkeepingShare() {
        return (double) bookkeepingNanos / Math.max(1, bookkeepingNanos + copyNanos);
    }

    /// Bytes of one folio.
    public long folioBytes() {
        return PageSize.pageAddress(1L << order);
    }
}
