package farpage.testing;

import farpage.emulator.peer.PeerMode;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.KernelTrace;
import farpage.emulator.trace.KernelTraceWriter;
import farpage.mm.file.FileBackedMode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// Executes operations on a fresh system in step with a fresh [PageOracle], compares after each,
/// and checks all invariants every so often.
///
/// What fails is cut down: blocks of operations are left out, then single ones, as long as what
/// remains still fails. The rest is written as a kernel trace, which `farpage replay` executes.
///
/// @kernel none
public final class ModelRun {
    /// Systems that are tried for one failure.
    private static final int SHRINK_LIMIT = 3000;

    /// Rounds of looking again after one operation.
    private static final int FOLLOW_UP_LIMIT = 100;

    /// Operations between two checks of all invariants; a short sequence is checked after each.
    private static final int CHECK_INTERVAL = 250;

    private static final int SHORT = 60;

    /// Of broken invariants, which may be one for each page.
    private static final int VIOLATIONS_SHOWN = 10;

    private static final long HANG_SECONDS = 120;

    private final String name;
    private final Supplier<SystemUnderTest> systems;
    private final PageOracle.Rules rules;
    private int attempts;

    /// @param name names the trace file of a failure
    /// @param systems makes a fresh system for each attempt
    public ModelRun(String name, Supplier<SystemUnderTest> systems, PageOracle.Rules rules) {
        this.name = name;
        this.systems = systems;
        this.rules = rules;
    }

    /// A failing sequence, as short as it could be made.
    ///
    /// @param operations those that were executed, the last one being where it failed
    /// @param message what went wrong
    /// @kernel none
    public record Counterexample(List<KernelOperation> operations, String message) {}

    /// Draws operations, executes them, and fails with all that is needed to look into it.
    ///
    /// @param reproduce the command that does the same again
    public void check(long seed, int operationCount, int pageCountMax, String reproduce) {
        List<KernelOperation> operations =
                new Operations(
                                seed,
                                pageCountMax,
                                rules.files() != FileBackedMode.OFF,
                                rules.collapses())
                        .generate(operationCount);
        Optional<Counterexample> found = search(operations);
        if (found.isPresent()) {
            Counterexample counterexample = found.get();
            Path file = write(counterexample, seed);
            throw new AssertionError(
                    counterexample.message()
                            + "\nafter "
                            + counterexample.operations().size()
                            + " operations, to be seen with: ./farpage replay "
                            + replayOptions()
                            + file
                            + "\nagain with: "
                            + reproduce);
        }
    }

    /// What makes a replay as much like the system as options can.
    private String replayOptions() {
        String files = rules.files().name().toLowerCase(Locale.ROOT);
        String peers = rules.peers().name().toLowerCase(Locale.ROOT).replace('_', '-');
        return "--mended "
                + (rules.mixedOrders() ? "--orders=2-9 " : "")
                + (rules.coherent() == 0 ? "" : "--coherent ")
                + (rules.files() == FileBackedMode.OFF ? "" : "--file-backed=" + files + " ")
                + (rules.peers() == PeerMode.OFF ? "" : "--peer=" + peers + " ")
                + (rules.collapses() ? "--collapse " : "");
    }

    /// Executes operations; what fails is made short.
    public Optional<Counterexample> search(List<KernelOperation> operations) {
        attempts = 0;
        return attempt(operations).map(first -> shrink(operations, first));
    }

    // One attempt.

    /// In a thread of its own: a broken system may leave the thread with locks.
    private Optional<Counterexample> attempt(List<KernelOperation> operations) {
        attempts++;
        FutureTask<Optional<Counterexample>> task = new FutureTask<>(() -> execute(operations));
        Thread thread = Thread.ofPlatform().daemon().name("model").start(task);
        try {
            return task.get(HANG_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException _) {
            List<StackTraceElement> stack = List.of(thread.getStackTrace());
            return Optional.of(new Counterexample(operations, "it hangs in " + stack));
        } catch (ExecutionException e) {
            throw new IllegalStateException("a model run could not be made", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private Optional<Counterexample> execute(List<KernelOperation> operations) {
        SystemUnderTest system = systems.get();
        PageOracle oracle = new PageOracle(rules, QuickHash.INSTANCE);
        List<KernelOperation> executed = new ArrayList<>();
        int interval = operations.size() <= SHORT ? 1 : CHECK_INTERVAL;
        String failure = "";
        for (int i = 0; i < operations.size() && failure.isEmpty(); i++) {
            failure = step(system, oracle, operations.get(i), executed);
            if (failure.isEmpty() && (i % interval == 0 || i == operations.size() - 1)) {
                failure =
                        violations(system).stream()
                                .limit(VIOLATIONS_SHOWN)
                                .collect(Collectors.joining("\n"));
            }
        }
        String closing = close(system);
        if (failure.isEmpty() && closing.isEmpty()) {
            return Optional.empty();
        }
        return Optional.of(
                new Counterexample(List.copyOf(executed), failure.isEmpty() ? closing : failure));
    }

    private static String step(
            SystemUnderTest system,
            PageOracle oracle,
            KernelOperation operation,
            List<KernelOperation> executed) {
        if (!oracle.knows(operation)) {
            return "";
        }
        String failure = one(system, oracle, operation, executed);
        for (int round = 0; round < FOLLOW_UP_LIMIT && failure.isEmpty(); round++) {
            List<KernelOperation> followUps = oracle.followUps();
            if (followUps.isEmpty()) {
                return "";
            }
            for (int i = 0; i < followUps.size() && failure.isEmpty(); i++) {
                failure = one(system, oracle, followUps.get(i), executed);
            }
        }
        return failure.isEmpty() ? "its pages could not be read afterwards" : failure;
    }

    private static String one(
            SystemUnderTest system,
            PageOracle oracle,
            KernelOperation operation,
            List<KernelOperation> executed) {
        executed.add(operation);
        String result;
        try {
            result = system.execute(operation);
        } catch (RuntimeException | AssertionError e) {
            return KernelTraceWriter.format(operation) + ": " + describe(e);
        }
        String expected = oracle.judge(operation, result);
        return expected.isEmpty()
                ? ""
                : KernelTraceWriter.format(operation)
                        + ": expected "
                        + expected
                        + ", got "
                        + result;
    }

    private static List<String> violations(SystemUnderTest system) {
        try {
            return system.violations();
        } catch (RuntimeException | AssertionError e) {
            return List.of("the check of the invariants failed: " + describe(e));
        }
    }

    private static String close(SystemUnderTest system) {
        try {
            system.close();
            return "";
        } catch (RuntimeException | AssertionError e) {
            return "closing: " + describe(e);
        }
    }

    private static String describe(Throwable e) {
        StringBuilder text = new StringBuilder(e.toString());
        for (StackTraceElement element : e.getStackTrace()) {
            if (element.getClassName().startsWith("farpage.testing")) {
                break;
            }
            text.append("\n    at ").append(element);
        }
        return text.toString();
    }

    // Making it short.

    private Counterexample shrink(List<KernelOperation> operations, Counterexample first) {
        Counterexample best = first;
        List<KernelOperation> kept = new ArrayList<>(operations);
        cutAfterFailure(kept, best);
        for (int block = Math.max(1, kept.size() / 2); block >= 1; ) {
            boolean shorter = false;
            for (int at = kept.size() - block;
                    at > -block && attempts < SHRINK_LIMIT;
                    at -= block) {
                List<KernelOperation> candidate = without(kept, Math.max(0, at), at + block);
                Optional<Counterexample> found =
                        isWellFormed(candidate) ? attempt(candidate) : Optional.empty();
                if (found.isPresent()) {
                    best = found.get();
                    kept = candidate;
                    at = Math.min(at, kept.size());
                    shorter = true;
                }
            }
            shorter |= block == 1 && withoutForks(kept);
            if (!shorter || attempts >= SHRINK_LIMIT) {
                if (block == 1) {
                    break;
                }
                block /= 2;
            }
        }
        return attempt(kept).orElse(best);
    }

    /// What comes after the failure plays no part.
    private static void cutAfterFailure(List<KernelOperation> operations, Counterexample failed) {
        if (!failed.operations().isEmpty()) {
            int last = operations.lastIndexOf(failed.operations().getLast());
            if (last >= 0 && last + 1 < operations.size()) {
                operations.subList(last + 1, operations.size()).clear();
            }
        }
    }

    private static List<KernelOperation> without(List<KernelOperation> all, int start, int end) {
        List<KernelOperation> rest = new ArrayList<>(all.subList(0, start));
        rest.addAll(all.subList(Math.min(end, all.size()), all.size()));
        return rest;
    }

    /// Leaves out a fork and its end together, which no single step can.
    ///
    /// @return whether something was left out
    private boolean withoutForks(List<KernelOperation> kept) {
        for (int begin = 0; begin < kept.size(); begin++) {
            if (!(kept.get(begin) instanceof KernelOperation.ForkBegin)) {
                continue;
            }
            int end = begin + 1;
            while (end < kept.size() && !(kept.get(end) instanceof KernelOperation.ForkEnd)) {
                end++;
            }
            List<KernelOperation> candidate = without(kept, end, end + 1);
            candidate.remove(begin);
            if (attempt(candidate).isPresent()) {
                kept.clear();
                kept.addAll(candidate);
                return true;
            }
        }
        return false;
    }

    /// Forks do not nest, and none ends that did not begin.
    private static boolean isWellFormed(List<KernelOperation> operations) {
        boolean inChild = false;
        for (KernelOperation operation : operations) {
            boolean begins = operation instanceof KernelOperation.ForkBegin;
            if (begins && inChild || operation instanceof KernelOperation.ForkEnd && !inChild) {
                return false;
            }
            inChild = begins || inChild && !(operation instanceof KernelOperation.ForkEnd);
        }
        return !operations.isEmpty();
    }

    // Telling.

    /// With an end for a fork that has none: a trace must have one.
    private static List<KernelOperation> ended(List<KernelOperation> operations) {
        List<KernelOperation> all = new ArrayList<>(operations);
        all.add(new KernelOperation.ForkEnd(0));
        return isWellFormed(all) ? all : operations;
    }

    private Path write(Counterexample counterexample, long seed) {
        Path file = Path.of("target", "failures", name + "-" + Long.toHexString(seed) + ".trace");
        KernelTrace trace = new KernelTrace(name, 1, ended(counterexample.operations()));
        String comment = "# " + counterexample.message().replace("\n", "\n# ") + "\n";
        try {
            Files.createDirectories(file.toAbsolutePath().getParent());
            Files.writeString(file, comment + KernelTraceWriter.format(trace));
        } catch (IOException e) {
            throw new UncheckedIOException(file.toString(), e);
        }
        return file.toAbsolutePath();
    }
}
