package farpage.emulator.stress;

import farpage.mm.lock.HeldRanks;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.LongPredicate;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Runs agents, each in a thread of its own, and watches over them: one that makes no step for too
/// long ends the run with a report of where every thread is and what it holds.
///
/// @kernel kernel/hung_task.c
public final class AgentThreads {
    private static final Duration POLL_INTERVAL = Duration.ofMillis(20);

    private final List<Worker> workers = new ArrayList<>();
    private final long stallNanos;
    private final LongSupplier nanoClock;
    private final AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
    private volatile boolean stopping;

    /// An agent made no step for too long, or met a defect in the middle of one. Its thread still
    /// holds what it holds, so nothing that it worked on can be closed.
    ///
    /// @kernel kernel/hung_task.c: check_hung_task
    public static final class BrokenRunException extends RuntimeException {
        private static final long serialVersionUID = 1;
        private final String report;

        BrokenRunException(String message, String report, @Nullable Throwable cause) {
            super(message, cause);
            this.report = report;
        }

        /// Every thread with its place and the ranks that it holds, in several lines.
        public String report() {
            return report;
        }
    }

    /// One agent's thread.
    private final class Worker {
        private final Agent agent;
        private final AtomicLong steps = new AtomicLong();
        private final Thread thread;
        private volatile Supplier<String> held = () -> "";

        /// What the watcher saw last, and when it changed.
        private long seenSteps = -1;

        private long seenNanos;

        Worker(Agent agent) {
            this.agent = agent;
            this.thread =
                    Thread.ofPlatform()
                            .daemon()
                            .name(agent.name())
                            .uncaughtExceptionHandler((_, e) -> failed(e))
                            .unstarted(this::work);
        }

        private void work() {
            held = HeldRanks.observe();
            while (!stopping) {
                agent.step();
                steps.lazySet(steps.getPlain() + 1);
            }
            agent.finish();
            assert HeldRanks.holdsNothing() : HeldRanks.describe();
        }

        private boolean isStalled(long now) {
            long seen = steps.get();
            if (seen != seenSteps) {
                seenSteps = seen;
                seenNanos = now;
            }
            return thread.isAlive() && now - seenNanos > stallNanos;
        }

        private void describe(StringBuilder text) {
            text.append(
                    "%s: %d steps, %s%s%n"
                            .formatted(
                                    agent.name(),
                                    steps.get(),
                                    thread.getState(),
                                    held.get().isEmpty() ? "" : ", holds " + held.get()));
            for (StackTraceElement element : thread.getStackTrace()) {
                text.append("    at %s%n".formatted(element));
            }
        }
    }

    /// @param stallNanos how long an agent may take for one step
    /// @param nanoClock that the time is read from
    public AgentThreads(List<? extends Agent> agents, long stallNanos, LongSupplier nanoClock) {
        this.stallNanos = stallNanos;
        this.nanoClock = nanoClock;
        for (Agent agent : agents) {
            workers.add(new Worker(agent));
        }
    }

    /// Runs the agents and returns when all have finished. The failure of one ends all and is
    /// thrown here.
    ///
    /// @param goOn asked every now and then, with the steps made so far, whether to go on; what it
    ///   throws ends the run too, after all agents have finished
    /// @throws BrokenRunException if an agent makes no step or meets a defect
    public void run(LongPredicate goOn) {
        for (Worker worker : workers) {
            worker.seenNanos = nanoClock.getAsLong();
            worker.thread.start();
        }
        try {
            while (!stopping && goOn.test(stepCount())) {
                pause(workers.getFirst());
                watch();
            }
        } finally {
            stopping = true;
            awaitEnd();
        }
        Throwable first = failure.get();
        if (first instanceof Error) {
            throw new BrokenRunException("an agent failed: " + first, report(), first);
        }
        if (first instanceof RuntimeException exception) {
            throw exception;
        }
    }

    /// The first failure is what the run ends with; the others may be its consequences.
    private void failed(Throwable e) {
        failure.compareAndSet(null, e);
        stopping = true;
    }

    private long stepCount() {
        long count = 0;
        for (Worker worker : workers) {
            count += worker.steps.get();
        }
        return count;
    }

    private void awaitEnd() {
        for (Worker worker : workers) {
            while (worker.thread.isAlive()) {
                pause(worker);
                watch();
            }
        }
    }

    private static void pause(Worker worker) {
        try {
            worker.thread.join(POLL_INTERVAL);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    private void watch() {
        long now = nanoClock.getAsLong();
        for (Worker worker : workers) {
            if (worker.isStalled(now)) {
                stopping = true;
                throw new BrokenRunException(
                        worker.agent.name()
                                + " made no step for "
                                + (now - worker.seenNanos) / 1_000_000_000L
                                + " s",
                        report(),
                        failure.get());
            }
        }
    }

    private String report() {
        StringBuilder text = new StringBuilder();
        Throwable first = failure.get();
        if (first != null) {
            text.append("failed: %s%n".formatted(first));
            for (StackTraceElement element : first.getStackTrace()) {
                text.append("    at %s%n".formatted(element));
            }
        }
        workers.forEach(worker -> worker.describe(text));
        return text.toString();
    }
}
