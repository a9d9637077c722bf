package farpage.emulator.experiment.largefolios;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.FolioRange;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.PageSize;
import farpage.mm.migrate.PhaseClock;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;

/// What a migration costs by the size of the folios that move, with every order from a base page to
/// 2 MiB, and with large folios that must be split because the other side has none of their size.
///
/// All orders are measured in turn, and that several times, so that all meet the same machine. Each
/// move is timed from the call to its return, beside a plain OpenCL transfer of as many bytes. New
/// contents are stored before each way there and back, and compared after it.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: benchmark_thp_migration
final class LargeFolioExperiment {
    /// Faults in a run, at most one to a folio.
    private static final int FAULTS = 64;

    private final EmulatorConfig config;
    private final LargeFolioPlan plan;
    private final long seed;
    private final LongSupplier nanoClock;
    private final List<Case> cases = new ArrayList<>();

    /// Folios of one order that go one way, and what was measured of them.
    private record Case(
            int order, FolioPath path, Map<MoveUnit, Map<Direction, MoveSamples>> samples) {
        private static Case of(int order, FolioPath path) {
            Map<MoveUnit, Map<Direction, MoveSamples>> samples = new EnumMap<>(MoveUnit.class);
            for (MoveUnit unit : MoveUnit.values()) {
                Map<Direction, MoveSamples> both = new EnumMap<>(Direction.class);
                for (Direction direction : Direction.values()) {
                    both.put(direction, new MoveSamples());
                }
                samples.put(unit, both);
            }
            return new Case(order, path, samples);
        }

        private MoveSamples samples(MoveUnit unit, Direction direction) {
            return Objects.requireNonNull(Objects.requireNonNull(samples.get(unit)).get(direction));
        }

        private boolean isSplit() {
            return path == FolioPath.SPLIT;
        }
    }

    /// @param config binding and OpenCL device; the sizes in it are not used
    /// @param seed of the contents
    LargeFolioExperiment(
            EmulatorConfig config, LargeFolioPlan plan, long seed, LongSupplier nanoClock) {
        this.config = config;
        this.plan = plan;
        this.seed = seed;
        this.nanoClock = nanoClock;
        for (int order : plan.orders()) {
            for (FolioPath path : LargeFolioPlan.paths(order)) {
                cases.add(Case.of(order, path));
            }
        }
    }

    /// Measures.
    ///
    /// @param progress is told from time to time how much is done, 0 to 1; it may throw to stop
    /// @throws farpage.emulator.workload.DataMismatchException if a byte was lost
    /// @throws WorkloadException if a page could not be migrated as it was to
    LargeFolioResult run(DoubleConsumer progress) {
        return FolioRange.with(
                config,
                plan.bytes(),
                seed,
                range -> {
                    measure(range, progress);
                    return new LargeFolioResult(plan, costs());
                });
    }

    private void measure(FolioRange range, DoubleConsumer progress) {
        int runs = plan.warmUpRuns() + plan.runs();
        for (int run = 0; run < runs; run++) {
            if (run == plan.warmUpRuns()) {
                cases.forEach(each -> each.samples.values().forEach(LargeFolioExperiment::clear));
            }
            for (int i = 0; i < cases.size(); i++) {
                progress.accept((run + (double) i / cases.size()) / runs);
                for (MoveUnit unit : MoveUnit.values()) {
                    roundTrip(range, cases.get(i), unit);
                }
                if (run < plan.warmUpRuns()) {
                    warmUp(range, cases.get(i));
                }
            }
        }
    }

    /// What moves few folios at a time needs more moves until all of its code is compiled: as many
    /// as its folios have pages, by command and by fault in turn.
    private void warmUp(FolioRange range, Case each) {
        if (each.isSplit()) {
            return;
        }
        range.populate(each.order());
        long block = LargeFolioPlan.BLOCK_BYTES;
        long folio = length(MoveUnit.FAULT, each.order());
        for (int moves = 0; moves < 1 << each.order(); moves += 2) {
            range.toDevice(0, block);
            range.toSystem(0, block);
            range.toDevice(0, folio);
            range.touch(0);
        }
        range.verify();
    }

    private static void clear(Map<Direction, MoveSamples> samples) {
        samples.values().forEach(MoveSamples::clear);
    }

    /// There and back. A folio that was split on the way there is none any more for the way back.
    private void roundTrip(FolioRange range, Case each, MoveUnit unit) {
        range.populate(each.order());
        move(range, each, unit, Direction.TO_DEVICE);
        if (each.isSplit()) {
            range.verify();
            range.populate(each.order());
            range.toDevice(0, range.bytes());
        }
        move(range, each, unit, Direction.TO_SYSTEM);
        range.verify();
    }

    private void move(FolioRange range, Case each, MoveUnit unit, Direction direction) {
        MoveSamples samples = each.samples(unit, direction);
        long length = length(unit, each.order());
        long step =
                switch (unit) {
                    case BLOCK, RANGE -> length;
                    case FAULT -> Math.max(length, range.bytes() / FAULTS);
                };
        for (long offset = 0; offset < range.bytes(); offset += step) {
            long pages = range.devicePages();
            long begin = nanoClock.getAsLong();
            raw(range, direction, offset, length);
            long transferred = nanoClock.getAsLong();
            PhaseClock clock = range.phaseClock();
            range.setRefusesLargeFolios(each.isSplit());
            clock.start(nanoClock);
            long start = nanoClock.getAsLong();
            move(range, unit, direction, offset, length);
            long end = nanoClock.getAsLong();
            clock.stop();
            range.setRefusesLargeFolios(false);
            long moved = Math.abs(range.devicePages() - pages);
            samples.add(end - start, transferred - begin, moved, clock);
            checkMoved(each, unit, direction, moved, PageSize.pageNumber(length));
            checkOrder(range, each, direction, offset);
        }
    }

    private static void raw(FolioRange range, Direction direction, long offset, long length) {
        switch (direction) {
            case TO_DEVICE -> range.writeRaw(offset, length);
            case TO_SYSTEM -> range.readRaw(offset, length);
        }
    }

    private static void move(
            FolioRange range, MoveUnit unit, Direction direction, long offset, long length) {
        switch (direction) {
            case TO_DEVICE -> range.toDevice(offset, length);
            case TO_SYSTEM -> {
                if (unit == MoveUnit.FAULT) {
                    range.touch(offset);
                } else {
                    range.toSystem(offset, length);
                }
            }
        }
    }

    /// A folio of another size than the one that is measured would make the figures lies.
    private static void checkOrder(FolioRange range, Case each, Direction direction, long offset) {
        if (direction == Direction.TO_SYSTEM) {
            return;
        }
        int expected = each.isSplit() ? 0 : each.order();
        int found = range.deviceOrder(offset);
        if (found != expected) {
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY,
                    "a folio of order %d went to the device in order %d; expected was order %d"
                            .formatted(each.order(), found, expected));
        }
    }

    /// A fault on a folio that is split may bring some of its pages alone.
    private static void checkMoved(
            Case each, MoveUnit unit, Direction direction, long moved, long pageCount) {
        boolean mayBePart =
                each.isSplit() && unit == MoveUnit.FAULT && direction == Direction.TO_SYSTEM;
        if (moved == 0 || moved > pageCount || moved < pageCount && !mayBePart) {
            throw new WorkloadException(
                    WorkloadException.Reason.DEVICE_MEMORY,
                    "%d pages in folios of order %d were to move, and %d did"
                            .formatted(pageCount, each.order(), moved));
        }
    }

    private long length(MoveUnit unit, int order) {
        return switch (unit) {
            case BLOCK -> LargeFolioPlan.BLOCK_BYTES;
            case RANGE -> plan.bytes();
            case FAULT -> PageSize.pageAddress(1L << order);
        };
    }

    private List<MoveCost> costs() {
        List<MoveCost> costs = new ArrayList<>();
        for (MoveUnit unit : MoveUnit.values()) {
            for (Direction direction : Direction.values()) {
                for (Case each : cases) {
                    costs.add(
                            each.samples(unit, direction)
                                    .cost(
                                            unit,
                                            each.order(),
                                            each.path(),
                                            direction,
                                            length(unit, each.order())));
                }
            }
        }
        return costs;
    }
}
