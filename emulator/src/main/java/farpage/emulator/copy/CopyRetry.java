package farpage.emulator.copy;

import farpage.mm.Page;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;

/// What is done when a batch failed: once nothing of it is under way, each folio is tried by
/// itself.
///
/// @kernel mm/migrate.c: migrate_pages_batch, which goes on folio by folio where a batch fails
final class CopyRetry {
    private static final int SETTLE_ATTEMPTS = 3;

    /// How many folios in a row may fail, none having been copied, before the rest is given up: the
    /// device is gone then.
    private static final int HOPELESS_LIMIT = 64;

    private final DirectCopy direct;
    private final ClQueue[] queues;

    CopyRetry(DirectCopy direct, ClQueue[] queues) {
        this.direct = direct;
        this.queues = queues;
    }

    /// Copies a straight piece and waits for it.
    void copyPiece(CopyFlight flight, int piece) {
        CopyPieces pieces = flight.straight;
        direct.copy(
                flight.direction,
                pieces.source(piece),
                pieces.destination(piece),
                pieces.length(piece),
                pieces.isZero(piece));
    }

    /// Waits for what a flight enqueued before its failure.
    void settle(CopyFlight flight) {
        ClException failure = flight.failure();
        if (failure != null) {
            settle(failure);
        }
    }

    /// Waits for what was enqueued before a failure. The wait itself may fail once, on account of
    /// the very command that failed; it is repeated until one says that the queues are empty.
    void settle(ClException failure) {
        settle(queues, failure);
    }

    static void settle(ClQueue[] queues, ClException failure) {
        for (ClQueue queue : queues) {
            for (int attempt = 0; attempt < SETTLE_ATTEMPTS; attempt++) {
                try {
                    queue.finish();
                    break;
                } catch (ClException e) {
                    addSuppressed(failure, e);
                }
            }
        }
    }

    private static void addSuppressed(ClException failure, ClException more) {
        if (!failure.equals(more)) {
            failure.addSuppressed(more);
        }
    }

    /// Tries everything again, a command for each piece, and where that fails for each folio.
    CopyResult folioByFolio(CopyFlight flight, ClException failure) {
        PageRuns missing = new PageRuns();
        Progress progress = new Progress();
        retry(flight, flight.straight, failure, missing, progress);
        retry(flight, flight.scattered, failure, missing, progress);
        if (missing.pageCount() == 0) {
            return new CopyResult.Copied();
        }
        return progress.hasCopied
                ? new CopyResult.Partial(failure, missing)
                : new CopyResult.Failed(failure);
    }

    /// Whether it is worth going on.
    private static final class Progress {
        private boolean hasCopied;
        private int failures;

        private boolean isHopeless() {
            return !hasCopied && failures >= HOPELESS_LIMIT;
        }
    }

    private void retry(
            CopyFlight flight,
            CopyPieces pieces,
            ClException failure,
            PageRuns missing,
            Progress progress) {
        for (int piece = 0; piece < pieces.count(); piece++) {
            int length = pieces.length(piece);
            int unit = pieces.unit(piece);
            if (tryCopy(flight, pieces, piece, 0, length, failure, progress)) {
                continue;
            }
            for (int done = 0; done < length; ) {
                int part = Math.min(unit, length - done);
                boolean copied =
                        part < length
                                && tryCopy(flight, pieces, piece, done, part, failure, progress);
                if (!copied) {
                    missing.add(pieces.destination(piece) + done, part);
                }
                done += part;
            }
        }
    }

    private boolean tryCopy(
            CopyFlight flight,
            CopyPieces pieces,
            int piece,
            int done,
            int length,
            ClException failure,
            Progress progress) {
        if (progress.isHopeless()) {
            return false;
        }
        try {
            long source = pieces.isZero(piece) ? Page.NONE : pieces.source(piece) + done;
            direct.copy(
                    flight.direction,
                    source,
                    pieces.destination(piece) + done,
                    length,
                    pieces.isZero(piece));
            flight.commands++;
            progress.hasCopied = true;
            return true;
        } catch (ClException e) {
            addSuppressed(failure, e);
            progress.failures++;
            return false;
        }
    }
}
