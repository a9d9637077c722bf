package farpage.emulator.experiment.deviceoffset;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.FolioRange;
import farpage.emulator.experiment.Quantiles;
import farpage.emulator.workload.WorkloadException;
import farpage.mm.PageSize;
import farpage.mm.physical.NumberSpace;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;

/// What migrating a page costs in either number space: two machines, each with a device of its own,
/// do the same in turn, with real copies. New contents are stored before each way there and back,
/// and compared after it.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: benchmark_thp_migration
final class SpaceCosts {
    /// What a page costs one way.
    record Result(NumberSpace space, Direction direction, long bytes, Quantiles nanosPerRange) {
        double nanosPerPage() {
            return (double) nanosPerRange.median() / PageSize.pageNumber(bytes);
        }
    }

    private final ExperimentSetting setting;
    private final DeviceOffsetPlan plan;
    private final LongSupplier clock;
    private final Map<NumberSpace, Map<Direction, long[]>> times = new EnumMap<>(NumberSpace.class);

    SpaceCosts(ExperimentSetting setting, DeviceOffsetPlan plan) {
        this.setting = setting;
        this.plan = plan;
        this.clock = setting.nanoClock();
        for (NumberSpace space : NumberSpace.values()) {
            Map<Direction, long[]> both = new EnumMap<>(Direction.class);
            for (Direction direction : Direction.values()) {
                both.put(direction, new long[plan.runs()]);
            }
            times.put(space, both);
        }
    }

    List<Result> run(DoubleConsumer progress) {
        EmulatorConfig config = setting.config();
        boolean _ =
                FolioRange.with(
                        config.withNumberSpace(NumberSpace.OFFSET),
                        plan.bytes(),
                        setting.seed(),
                        outside ->
                                FolioRange.with(
                                        config.withNumberSpace(NumberSpace.PHYSICAL),
                                        plan.bytes(),
                                        setting.seed() + 1,
                                        inside -> measure(outside, inside, progress)));
        List<Result> results = new ArrayList<>();
        for (NumberSpace space : NumberSpace.values()) {
            for (Direction direction : Direction.values()) {
                results.add(
                        new Result(
                                space,
                                direction,
                                plan.bytes(),
                                Quantiles.of(times(space, direction))));
            }
        }
        return results;
    }

    private long[] times(NumberSpace space, Direction direction) {
        return Objects.requireNonNull(Objects.requireNonNull(times.get(space)).get(direction));
    }

    /// Which goes first changes from run to run.
    private boolean measure(FolioRange outside, FolioRange inside, DoubleConsumer progress) {
        int runs = plan.warmUpRuns() + plan.runs();
        for (int run = 0; run < runs; run++) {
            progress.accept((double) run / runs);
            int counted = run - plan.warmUpRuns();
            if (run % 2 == 0) {
                roundTrip(outside, NumberSpace.OFFSET, counted);
                roundTrip(inside, NumberSpace.PHYSICAL, counted);
            } else {
                roundTrip(inside, NumberSpace.PHYSICAL, counted);
                roundTrip(outside, NumberSpace.OFFSET, counted);
            }
        }
        return true;
    }

    private void roundTrip(FolioRange range, NumberSpace space, int counted) {
        range.populate(0);
        long start = clock.getAsLong();
        range.toDevice(0, range.bytes());
        long middle = clock.getAsLong();
        checkThere(range);
        long again = clock.getAsLong();
        range.toSystem(0, range.bytes());
        long end = clock.getAsLong();
        range.verify();
        if (counted >= 0) {
            times(space, Direction.TO_DEVICE)[counted] = middle - start;
            times(space, Direction.TO_SYSTEM)[counted] = end - again;
        }
    }

    private static void checkThere(FolioRange range) {
        long pages = PageSize.pageNumber(range.bytes());
        if (range.devicePages() != pages) {
            throw new WorkloadException(
                    WorkloadException.Reason.COPY_FAILED,
                    "%d pages were to be on the device, and %d are"
                            .formatted(pages, range.devicePages()));
        }
    }
}
