package farpage.emulator.selftest;

import farpage.emulator.Emulator;
import farpage.emulator.NoWindowException;
import farpage.opencl.ClException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;

/// Executes runs, each on a machine of its own and with a limit of time.
///
/// A run passes if nothing failed in it, all invariants hold at its end, and closing its machine
/// finds that everything was given back. One that does not end in time is reported with where its
/// threads are and which locks they hold; its threads and its machine are left behind.
///
/// @kernel tools/testing/selftests/kselftest_harness.h: __run_test
public final class SelftestRunner {
    /// How long a run may take where nothing else is asked for.
    public static final Duration LIMIT_DEFAULT = Duration.ofSeconds(30);

    /// Of a message about broken invariants, which may be one for each page.
    private static final int MESSAGE_LINES_MAX = 10;

    private final Supplier<Emulator> machines;
    private final long seed;
    private final Duration limit;

    /// @param machines makes a machine for each run
    /// @param seed where the cases' random choices come from
    public SelftestRunner(Supplier<Emulator> machines, long seed, Duration limit) {
        this.machines = machines;
        this.seed = seed;
        this.limit = limit;
    }

    /// Executes one run.
    ///
    /// @throws ClException if the device fails
    /// @throws OutOfMemoryError if there is too little memory
    public SelftestResult execute(SelftestRun run) {
        CaseThreads threads = new CaseThreads();
        List<String> printed = new CopyOnWriteArrayList<>();
        Duration patience = limit.multipliedBy(run.patience());
        try {
            Optional<SelftestResult> result =
                    threads.start(run.name(), () -> runToEnd(run, threads, printed))
                            .await(patience);
            return result.orElseGet(() -> hung(run, threads, patience));
        } catch (ClException | NoWindowException | UncheckedIOException world) {
            throw world;
        } catch (AssertionError | RuntimeException broken) {
            return broken(run, broken);
        }
    }

    private SelftestResult runToEnd(SelftestRun run, CaseThreads threads, List<String> printed) {
        String name = run.caseName();
        try {
            runOnMachine(run, threads, printed);
            return new SelftestResult(SelftestResult.Status.PASSED, List.of(), printed);
        } catch (CaseEnd.Skipped skipped) {
            return skipped(String.valueOf(skipped.getMessage()), printed);
        } catch (CaseEnd.Killed killed) {
            return failed(
                    name + ": Test terminated unexpectedly by signal " + killed.signal(), killed);
        } catch (CaseEnd.Failed failed) {
            return failed(failed.describe(name), failed);
        }
    }

    private void runOnMachine(SelftestRun run, CaseThreads threads, List<String> printed) {
        try (Emulator emulator = machines.get();
                TestProgram program =
                        new TestProgram(
                                emulator,
                                run.variant(),
                                threads,
                                new SplittableRandom(seed),
                                printed)) {
            program.setUp(run.fixture());
            run.body().run(program);
        }
    }

    private static SelftestResult skipped(String reason, List<String> printed) {
        return new SelftestResult(SelftestResult.Status.SKIPPED, List.of(reason), printed);
    }

    /// @param end why, with what else went wrong after it
    private static SelftestResult failed(String why, RuntimeException end) {
        List<String> lines = new ArrayList<>(List.of(why));
        for (Throwable second : end.getSuppressed()) {
            lines.addAll(("and at its end: " + second).lines().toList());
        }
        return new SelftestResult(SelftestResult.Status.FAILED, lines, List.of());
    }

    private static SelftestResult broken(SelftestRun run, Throwable broken) {
        List<String> lines = new ArrayList<>();
        List<String> message = broken.toString().lines().toList();
        lines.add(run.caseName() + ": the model broke: " + message.getFirst());
        message.stream().skip(1).limit(MESSAGE_LINES_MAX).forEach(lines::add);
        Arrays.stream(broken.getStackTrace()).forEach(frame -> lines.add("    at " + frame));
        return new SelftestResult(SelftestResult.Status.FAILED, lines, List.of());
    }

    private static SelftestResult hung(SelftestRun run, CaseThreads threads, Duration limit) {
        List<String> lines = new ArrayList<>();
        lines.add(
                "%s: Test terminated by timeout: not done after %d ms"
                        .formatted(run.caseName(), limit.toMillis()));
        lines.addAll(threads.describe());
        return new SelftestResult(SelftestResult.Status.FAILED, lines, List.of());
    }
}
