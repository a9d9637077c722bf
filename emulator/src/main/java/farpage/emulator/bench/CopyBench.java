package farpage.emulator.bench;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyPlan;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/// `bench copy`: what the copy engine reaches between RAM and a bare heap, with each of its methods
/// and with what the device's plan chooses.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, clEnqueueCopyBuffer, clEnqueueNDRangeKernel
public final class CopyBench {
    private final EmulatorConfig config;
    private final RoundPlan rounds;
    private final long spanBytes;
    private final long seed;
    private final MoveClocks clocks;
    private final boolean corrupts;

    /// @param config binding, device and plan; the sizes in it are not used
    /// @param spanBytes of RAM, and of device memory, that pages are taken from
    /// @param seed of contents and places
    /// @param corrupts inverts a byte of each move's result, to see that verification notices
    public CopyBench(
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

    /// Measures rows.
    ///
    /// @param progress is told before each round; it may throw to stop
    /// @throws farpage.opencl.ClException if the device fails at what no method is to blame for
    public Result run(List<CopyCase> rows, BenchProgress progress) {
        try (CopyScene scene = new CopyScene(config, spanBytes, seed, clocks)) {
            CopyPlan plan = scene.engine().plan();
            // Transfers of one size one after another, since their buffers are large.
            List<CopyCase> ordered = new ArrayList<>(rows);
            ordered.sort(Comparator.comparingLong(CopyCase::bytes));
            Map<CopyCase, CopyFinding> findings = new HashMap<>();
            for (int i = 0; i < ordered.size(); i++) {
                CopyCase row = ordered.get(i);
                double done = (double) i / ordered.size();
                findings.put(
                        row, measure(scene, plan, row, () -> progress.at(done, row.toString())));
            }
            return new Result(
                    rows.stream().map(row -> Objects.requireNonNull(findings.get(row))).toList(),
                    describe(plan));
        }
    }

    /// A plan in words.
    static String describe(CopyPlan plan) {
        return "to the device %s; back %s; within it %s"
                .formatted(plan.toDevice(), plan.toSystem(), plan.withinDevice());
    }

    /// What was found.
    ///
    /// @param findings of the rows, in their order
    /// @param plan by which methods were chosen where a row names none, for people
    /// @opencl None: a result
    public record Result(List<CopyFinding> findings, String plan) {
        /// Keeps the findings as an unmodifiable list.
        public Result {
            findings = List.copyOf(findings);
        }
    }

    private CopyFinding measure(CopyScene scene, CopyPlan plan, CopyCase row, Runnable between) {
        Optional<String> obstacle = obstacle(scene, row);
        if (obstacle.isPresent()) {
            return new CopyFinding(row, Optional.empty(), obstacle);
        }
        CopyEngine engine = scene.engine();
        engine.usePlan(row.method().map(CopyPlan::only).orElse(plan));
        CopyMove move = new CopyMove(scene, row, seed, corrupts);
        Throughput figures = new Rounds(clocks, rounds).measure(List.of(move), between).getFirst();
        return new CopyFinding(row, Optional.of(figures), Optional.empty());
    }

    private Optional<String> obstacle(CopyScene scene, CopyCase row) {
        boolean isWithin = row.direction() == TransferDirection.D2D;
        if (isWithin && row.inFlight() > 1) {
            return Optional.of("copies within the device are waited for one batch after another");
        }
        long needed = isWithin ? 2 * row.bytes() : row.bytes();
        if (needed > spanBytes) {
            return Optional.of(
                    "needs %d MiB, and this run has %d".formatted(needed >> 20, spanBytes >> 20));
        }
        if (PageSize.pageNumber(row.bytes()) > Integer.MAX_VALUE) {
            return Optional.of("more pages than a list holds");
        }
        return row.method().flatMap(method -> method.obstacle(scene.copyDevice().abilities()));
    }
}
