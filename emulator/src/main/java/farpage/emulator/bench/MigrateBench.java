package farpage.emulator.bench;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.experiment.Direction;
import farpage.mm.migrate.MigratePhase;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// `bench migrate`: what whole migrations reach, by direction, order of the folios, layout and
/// pages of a command.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: benchmark_thp_migration
public final class MigrateBench {
    private static final int PHASE_ROUNDS = 3;

    /// Contents that no round before had.
    private static final long FIRST_PHASE_ROUND = 1L << 32;

    private final EmulatorConfig config;
    private final RoundPlan rounds;
    private final long spanBytes;
    private final long seed;
    private final MoveClocks clocks;
    private final boolean corrupts;

    /// @param config binding, device and plan; the sizes in it are not used
    /// @param spanBytes of RAM, and of device memory, that scattered folios lie in
    /// @param seed of contents and places
    /// @param corrupts inverts a byte of each move's result, to see that verification notices
    public MigrateBench(
            EmulatorConfig config,
            RoundPlan rounds,
            long spanBytes,
            long seed,
            MoveClocks clocks,
            boolean corrupts) {
        this.config = config;
        this.rounds = rounds;
        this.spanBytes = spanBytes;
        this.seed = seed;
        this.clocks = clocks;
        this.corrupts = corrupts;
    }

    /// What was found.
    ///
    /// @param copyPlan by which copies were made, for people
    /// @kernel None: a result
    public record Result(List<MigrateFinding> findings, String copyPlan) {
        /// Keeps the findings as an unmodifiable list.
        public Result {
            findings = List.copyOf(findings);
        }
    }

    /// Measures rows.
    ///
    /// @param directions that are measured of each
    /// @param progress is told before each round; it may throw to stop
    public Result run(List<MigrateCase> rows, Set<Direction> directions, BenchProgress progress) {
        List<MigrateFinding> findings = new ArrayList<>();
        try (References references = new References(config, clocks.wall());
                SceneHolder holder = new SceneHolder()) {
            for (int i = 0; i < rows.size(); i++) {
                MigrateCase row = rows.get(i);
                long needed = row.layout() == PageLayout.SCATTERED ? 2 * row.bytes() : row.bytes();
                if (needed > spanBytes) {
                    String obstacle =
                            "needs %d MiB, and this run has %d"
                                    .formatted(needed >> 20, spanBytes >> 20);
                    directions.forEach(
                            direction -> findings.add(skipped(row, direction, obstacle)));
                    continue;
                }
                double done = (double) i / rows.size();
                Runnable between = () -> progress.at(done, row.toString());
                between.run();
                MigrateScene scene = holder.scene(row);
                findings.addAll(measure(scene, references, row, directions, between));
            }
            return new Result(findings, holder.copyPlan);
        }
    }

    /// The scene of the row before, which the next one may use as well.
    private final class SceneHolder implements AutoCloseable {
        private Optional<MigrateScene> current = Optional.empty();
        private String copyPlan = "";

        private MigrateScene scene(MigrateCase row) {
            if (current.isPresent() && current.get().suits(row)) {
                return current.get();
            }
            close();
            MigrateScene made = new MigrateScene(config, row, spanBytes, seed);
            current = Optional.of(made);
            copyPlan = made.copyPlan();
            return made;
        }

        @Override
        public void close() {
            Optional<MigrateScene> old = current;
            current = Optional.empty();
            old.ifPresent(MigrateScene::close);
        }
    }

    private static MigrateFinding skipped(MigrateCase row, Direction direction, String obstacle) {
        return new MigrateFinding(
                row, direction, Optional.empty(), Map.of(), Optional.of(obstacle));
    }

    private List<MigrateFinding> measure(
            MigrateScene scene,
            References references,
            MigrateCase row,
            Set<Direction> directions,
            Runnable between) {
        MigratePlaces places = new MigratePlaces(scene, row);
        List<MigrateMove> moves = new ArrayList<>();
        for (Direction direction : directions) {
            moves.add(
                    new MigrateMove(
                            scene,
                            references,
                            places,
                            direction,
                            row.inFlight(),
                            clocks.wall(),
                            corrupts));
        }
        List<Throughput> figures =
                new ArrayList<>(new Rounds(clocks, rounds).measure(moves, between));
        boolean isRight = figures.stream().allMatch(each -> each.failure().isEmpty());
        List<Map<MigratePhase, Distribution>> phases = new ArrayList<>();
        for (MigrateMove _ : moves) {
            phases.add(new EnumMap<>(MigratePhase.class));
        }
        for (int round = 0; isRight && round < PHASE_ROUNDS; round++) {
            between.run();
            for (int i = 0; i < moves.size(); i++) {
                Optional<String> wrong =
                        phases(scene, moves.get(i), FIRST_PHASE_ROUND + round, phases.get(i));
                if (wrong.isPresent()) {
                    figures.set(i, figures.get(i).failed(wrong.get()));
                    isRight = false;
                }
            }
        }
        places.bringBefore(Direction.TO_DEVICE);
        List<MigrateFinding> findings = new ArrayList<>();
        List<Direction> order = List.copyOf(directions);
        for (int i = 0; i < moves.size(); i++) {
            findings.add(
                    new MigrateFinding(
                            row,
                            order.get(i),
                            Optional.of(figures.get(i)),
                            phases.get(i),
                            Optional.empty()));
        }
        return findings;
    }

    /// @return what was wrong with the data, if something was
    private Optional<String> phases(
            MigrateScene scene,
            MigrateMove move,
            long round,
            Map<MigratePhase, Distribution> phases) {
        move.prepare(round);
        scene.phaseClock().start(clocks.wall());
        move.move();
        scene.phaseClock().stop();
        for (MigratePhase phase : MigratePhase.values()) {
            phases.computeIfAbsent(phase, _ -> new Distribution())
                    .add(scene.phaseClock().nanos(phase));
        }
        return move.verify(round);
    }
}
