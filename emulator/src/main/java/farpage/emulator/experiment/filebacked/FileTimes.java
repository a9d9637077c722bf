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
    private final long bytes;
    private final int runs;
    private final int warmUp;
    private final Map<FileDesign, Map<FilePhase, long[]>> nanos = new EnumMap<>(FileDesign.class);
    private final Map<FileDesign, Counts> counts = new EnumMap<>(FileDesign.class);

    /// Pages in the last run.
    record Counts(long fetched, long dropped, long written) {}

    FileTimes(long bytes, int runs, int warmUp) {
        this.bytes = bytes;
        this.runs = runs;
        this.warmUp = warmUp;
        for (FileDesign design : FileDesign.values()) {
            Map<FilePhase, long[]> own = new EnumMap<>(FilePhase.class);
            for (FilePhase phase : FilePhase.values()) {
                own.put(phase, new long[runs]);
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
        for (int run = 0; run < warmUp + runs; run++) {
            Collections.shuffle(order, random);
            for (FileDesign design : order) {
                measure(setting, design, run);
                setting.progress().accept((double) run / (warmUp + runs));
            }
        }
    }

    /// One run of one design, on a machine of its own.
    private void measure(ExperimentSetting setting, FileDesign design, int run) {
        try (FileScene scene =
                new FileScene(setting.config(), design, bytes, setting.seed() + run)) {
            scene.prepare();
            for (FilePhase phase : FilePhase.values()) {
                if (phase == FilePhase.READ_ONLY_TURN) {
                    time(
                            setting, scene,
                            phase); // the turn before it is the one that brings the data
                }
                long taken = time(setting, scene, phase);
                if (run >= warmUp) {
                    times(design, phase)[run - warmUp] = taken;
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
