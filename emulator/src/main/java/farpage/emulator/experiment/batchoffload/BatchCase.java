package farpage.emulator.experiment.batchoffload;

import farpage.emulator.experiment.Quantiles;
import java.util.Arrays;

/// Folios of one order that move in batches of one size, and what was measured of them.
///
/// @kernel mm/migrate.c: migrate_pages_batch
final class BatchCase {
    private final int order;
    private final int batch;
    private final CopyWay way;
    private final Series nanos = new Series();
    private final Series unmap = new Series();
    private final Series copy = new Series();
    private final Series move = new Series();
    private final Series away = new Series();

    /// Numbers that are added one by one.
    private static final class Series {
        private long[] values = new long[64];
        private int count;

        private void add(long value) {
            if (count == values.length) {
                values = Arrays.copyOf(values, 2 * count);
            }
            values[count++] = value;
        }

        private Quantiles quantiles() {
            return Quantiles.of(Arrays.copyOf(values, count));
        }
    }

    BatchCase(int order, int batch, CopyWay way) {
        this.order = order;
        this.batch = batch;
        this.way = way;
    }

    int order() {
        return order;
    }

    /// Folios of a batch.
    int batch() {
        return batch;
    }

    CopyWay way() {
        return way;
    }

    /// Forgets what was measured.
    void clear() {
        for (Series each : new Series[] {nanos, unmap, copy, move, away}) {
            each.count = 0;
        }
    }

    /// All memory was moved, with no clock but around it.
    void addMove(long moveNanos) {
        nanos.add(moveNanos);
    }

    /// The same once more, by parts.
    void addParts(long unmapNanos, long copyNanos, long moveNanos, long[] awayNanos) {
        unmap.add(unmapNanos);
        copy.add(copyNanos);
        move.add(moveNanos);
        for (long each : awayNanos) {
            away.add(each);
        }
    }

    /// From call to return.
    long nanos() {
        return nanos.quantiles().median();
    }

    long unmapNanos() {
        return unmap.quantiles().median();
    }

    long copyNanos() {
        return copy.quantiles().median();
    }

    long moveNanos() {
        return move.quantiles().median();
    }

    /// The part of the contents in all that was measured by parts.
    double copyShare() {
        return (double) copyNanos() / Math.max(1, unmapNanos() + copyNanos() + moveNanos());
    }

    /// How long a folio could not be used.
    Quantiles away() {
        return away.quantiles();
    }
}
