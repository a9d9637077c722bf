package farpage.emulator.copy;

import farpage.opencl.ClException;
import java.util.Optional;

/// What an engine counts. Under the engine's lock.
///
/// @opencl Profiling information of a queue, summed
final class CopyTallies {
    private final Tally toDevice = new Tally();
    private final Tally toSystem = new Tally();
    private final Tally withinDevice = new Tally();
    private final Tally deviceReads = new Tally();
    private final Tally deviceWrites = new Tally();
    private long failures;
    private Optional<ClException> lastFailure = Optional.empty();

    /// Counts in one direction.
    private static final class Tally {
        private long batches;
        private long pages;
        private long clearedPages;
        private long commands;
        private long nanos;

        /// When the last batch that was waited for was done.
        private long lastEnd = Long.MIN_VALUE;

        private CopyCounters counters() {
            return new CopyCounters(
                    batches, pages, clearedPages, CopyEngine.bytes(pages), commands, nanos);
        }
    }

    private Tally tally(CopyDirection direction) {
        return switch (direction) {
            case TO_DEVICE -> toDevice;
            case TO_SYSTEM -> toSystem;
            case WITHIN_DEVICE -> withinDevice;
        };
    }

    /// A batch has ended. What did not arrive is not counted; batches that overlap count the time
    /// of each but once.
    void count(CopyFlight flight, CopyResult result, long end) {
        ClException failure = flight.failure();
        if (failure != null) {
            countFailure(failure);
        }
        if (result instanceof CopyResult.Failed) {
            return;
        }
        Tally tally = tally(flight.direction);
        count(tally, flight.straight, result);
        count(tally, flight.scattered, result);
        tally.batches++;
        tally.commands += flight.commands;
        tally.nanos += end - Math.max(flight.startNanos, tally.lastEnd);
        tally.lastEnd = end;
    }

    private static void count(Tally tally, CopyPieces pieces, CopyResult result) {
        for (int piece = 0; piece < pieces.count(); piece++) {
            int length = pieces.length(piece);
            if (result instanceof CopyResult.Partial partial) {
                length -= partial.missing().countIn(pieces.destination(piece), length);
            }
            if (pieces.isZero(piece)) {
                tally.clearedPages += length;
            } else {
                tally.pages += length;
            }
        }
    }

    void countAccess(AccessBatch batch, boolean isWrite, long nanos) {
        Tally tally = isWrite ? deviceWrites : deviceReads;
        tally.batches++;
        tally.pages += batch.pageCount();
        tally.commands += batch.runCount();
        tally.nanos += nanos;
    }

    void countFailure(ClException failure) {
        failures++;
        lastFailure = Optional.of(failure);
    }

    CopyStatistics statistics() {
        return new CopyStatistics(
                toDevice.counters(),
                toSystem.counters(),
                withinDevice.counters(),
                deviceReads.counters(),
                deviceWrites.counters(),
                failures);
    }

    Optional<ClException> lastFailure() {
        return lastFailure;
    }
}
