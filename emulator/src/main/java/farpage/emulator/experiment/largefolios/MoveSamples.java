package farpage.emulator.experiment.largefolios;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.Quantiles;
import farpage.mm.migrate.MigratePhase;
import farpage.mm.migrate.PhaseClock;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.Map;

/// Times of moves of one kind, as they are taken.
final class MoveSamples {
    private static final MigratePhase[] PHASES = MigratePhase.values();

    /// The columns before those of the phases.
    private static final int TOTAL = 0;

    private static final int RAW = 1;
    private static final int BOOKKEEPING = 2;
    private static final int COPY = 3;
    private static final int FIRST_PHASE = 4;

    private long[][] columns = new long[FIRST_PHASE + PHASES.length][64];
    private int count;
    private long movedPages;

    /// Adds a move.
    ///
    /// @param clock has its phases
    void add(long totalNanos, long rawNanos, long pages, PhaseClock clock) {
        if (count == columns[TOTAL].length) {
            for (int column = 0; column < columns.length; column++) {
                columns[column] = Arrays.copyOf(columns[column], 2 * count);
            }
        }
        columns[TOTAL][count] = totalNanos;
        columns[RAW][count] = rawNanos;
        columns[COPY][count] = clock.nanos(MigratePhase.COPY);
        columns[BOOKKEEPING][count] = totalNanos - columns[COPY][count];
        for (int i = 0; i < PHASES.length; i++) {
            columns[FIRST_PHASE + i][count] = clock.nanos(PHASES[i]);
        }
        movedPages += pages;
        count++;
    }

    /// Forgets all.
    void clear() {
        count = 0;
        movedPages = 0;
    }

    /// The costs; there must be moves.
    MoveCost cost(MoveUnit unit, int order, FolioPath path, Direction direction, long bytes) {
        Map<MigratePhase, Long> phases = new EnumMap<>(MigratePhase.class);
        for (int i = 0; i < PHASES.length; i++) {
            phases.put(PHASES[i], median(FIRST_PHASE + i));
        }
        return new MoveCost(
                unit,
                order,
                path,
                direction,
                bytes,
                movedPages / count,
                quantiles(TOTAL),
                median(RAW),
                median(BOOKKEEPING),
                median(COPY),
                phases);
    }

    private Quantiles quantiles(int column) {
        return Quantiles.of(Arrays.copyOf(columns[column], count));
    }

    private long median(int column) {
        return quantiles(column).median();
    }
}
