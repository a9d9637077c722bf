package farpage.emulator.experiment.filebacked;

import farpage.emulator.experiment.ExperimentSetting;
import farpage.emulator.experiment.Quantiles;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// The times of every phase in every design. In each run the designs take turns, in an order of its
/// own, so that all meet the same host.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
final class FileTimes {
    private final FilePlan plan;
    private final Map<FileDesign, Map<FilePhase, long[]>> nanos = new EnumMap<>(FileDesign.class);
    private final Map<FileDesign, Counts> counts = new EnumMap<>(FileDesign.class);

    /// Pages in the last run.
    record Counts(long fetched, long dropped, long written) {}

    FileTimes(FilePlan plan) {
        this.plan = plan;
        for (FileDesign design : FileDesign.values()) {
            Map<FilePhase, long[]> own = new EnumMap<>(FilePhase.class);
            for (FilePhase phase : FilePhase.values()) {
                own.put(phase, new long[plan.runs()]);
            }
            nanos.put(design, own);
        }
    }

    Quantiles nanos(FileDesign design, FilePhase phase) {
        return Quantiles.of(times(design, phase));
    }

    private long[] times(FileDesign design, FilePhase phase) {
        return Objects.requireNonNull(Objects.requireNonNull(nanos.get(design)).get(phase));
    }

    Counts counts(FileDesign design) {
        return Objects.requireNonNull(counts.get(design));
    }

    void measure(ExperimentSetting setting) {
        RandomGenerator random = new SplittableRandom(setting.seed());
        List<FileDesign> order = new ArrayList<>(List.of(FileDesign.values()));
        int rounds = plan.warmUpRuns() + plan.runs();
        for (int round = 0; round < rounds; round++) {
            Collections.shuffle(order, random);
            for (FileDesign design : order) {
                measure(setting, design, round);
                setting.progress().accept((double) round / rounds);
            }
        }
    }

    /// One run of one design, on a machine of its own.
    private void measure(ExperimentSetting setting, FileDesign design, int round) {
        int run = round - plan.warmUpRuns();
        try (FileScene scene =
                new FileScene(setting.config(), design, plan.bytes(), setting.seed() + round)) {
            scene.prepare();
            for (FilePhase phase : FilePhase.values()) {
                if (phase == FilePhase.READ_ONLY_TURN) {
                    time(
                            setting, scene,
                            phase); // the turn before it is the one that brings the data
                }
                long taken = time(setting, scene, phase);
                if (run >= 0) {
                    times(design, phase)[run] = taken;
                }
            }
            counts.put(
                    design,
                    new Counts(scene.fetchedPages(), scene.droppedCopies(), scene.writtenPages()));
        }
    }

    private static long time(ExperimentSetting setting, FileScene scene, FilePhase phase) {
        scene.before(phase);
        long start = setting.nanoClock().getAsLong();
        scene.run(phase);
        long taken = setting.nanoClock().getAsLong() - start;
        scene.check(phase);
        return taken;
    }
}
