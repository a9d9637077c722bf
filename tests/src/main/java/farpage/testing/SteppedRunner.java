package farpage.testing;

import farpage.mm.lock.HeldRanks;
import farpage.mm.lock.Stepper;
import farpage.mm.lock.Stepping;
import farpage.mm.lock.YieldPoint;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/// Runs several threads of which only one ever goes on: at each [YieldPoint] a seeded choice says
/// which. So the way in which they interleave is one number, and the same number interleaves them
/// in the same way again.
///
/// Threads that all wait for each other are a deadlock, and one that comes to too many points is a
/// livelock; both end the run with what each thread waits for, what it holds, and where it is.
///
/// The thread that runs is the only one that touches the runner's own state.
///
/// @kernel none
public final class SteppedRunner {
    /// Points after which a run is taken for endless.
    private static final long STEP_LIMIT = 3_000_000;

    /// Points that one thread may pass in a row while others could go on, so that one that tries
    /// again and again does not keep out those that it waits for.
    private static final int STREAK_LIMIT = 500;

    private static final int TRAIL = 40;
    private static final Duration HANG = Duration.ofMinutes(2);

    private final long seed;
    private final SplittableRandom random;

    /// How likely the thread that runs is held back at a point, in 1,024ths.
    private final int switchChance;

    private final List<Worker> workers = new ArrayList<>();
    private final String[] trail = new String[TRAIL];
    private long stepCount;
    private long fingerprint;
    private int streak;
    private volatile @Nullable AssertionError failure;

    /// Thrown in threads that are to end because the run has failed.
    private static final class Abandoned extends Error {
        private static final long serialVersionUID = 1;

        Abandoned() {
            super("the run has failed", null, false, false);
        }
    }

    /// One thread.
    private final class Worker implements Stepper {
        private final String name;
        private final Runnable body;
        private final Thread thread;
        private Supplier<String> held = () -> "";
        private @Nullable Object blockedOn;
        private String blockedWhat = "";
        private boolean done;
        private volatile boolean turn;

        Worker(String name, Runnable body) {
            this.name = name;
            this.body = body;
            this.thread =
                    Thread.ofPlatform()
                            .daemon()
                            .name(name)
                            .uncaughtExceptionHandler((_, e) -> fail(name + " failed", e))
                            .unstarted(this::work);
        }

        private void work() {
            Stepping.install(this);
            held = HeldRanks.observe();
            awaitTurn();
            body.run();
            if (!HeldRanks.holdsNothing()) {
                throw new AssertionError(name + " ended with " + HeldRanks.describe());
            }
            done = true;
            Worker next = choose(this);
            if (next != null) {
                next.go();
            } else if (!workers.stream().allMatch(worker -> worker.done)) {
                fail("deadlock", null);
            }
        }

        @Override
        public void pause(YieldPoint point, String what) {
            if (failure != null) {
                throw new Abandoned();
            }
            record(this, point, what);
            if (stepCount > STEP_LIMIT) {
                fail("no end after " + STEP_LIMIT + " points", null);
                throw new Abandoned();
            }
            boolean goesOn = ++streak < STREAK_LIMIT && random.nextInt(1024) >= switchChance;
            Worker next = goesOn ? this : choose(this);
            if (next != null && next != this) {
                next.go();
                awaitTurn();
            }
        }

        @Override
        public void block(Object on, String what) {
            if (failure != null) {
                throw new Abandoned();
            }
            record(this, YieldPoint.WAIT, what);
            blockedOn = on;
            blockedWhat = what;
            Worker next = choose(this);
            if (next == null) {
                fail("deadlock", null);
                throw new Abandoned();
            }
            next.go();
            awaitTurn();
        }

        @Override
        @SuppressWarnings("ReferenceEquality") // a lock is known by identity
        public void wake(Object on) {
            for (Worker worker : workers) {
                if (worker.blockedOn == on) {
                    worker.blockedOn = null;
                }
            }
        }

        private void go() {
            streak = 0;
            turn = true;
            LockSupport.unpark(thread);
        }

        private void awaitTurn() {
            while (!turn) {
                if (failure != null) {
                    throw new Abandoned();
                }
                LockSupport.park(this);
            }
            turn = false;
        }

        private void describe(StringBuilder text) {
            String state = done ? "done" : blockedOn == null ? "ready" : "waits for " + blockedWhat;
            text.append("\n  ").append(name).append(": ").append(state);
            if (!held.get().isEmpty()) {
                text.append(", holds ").append(held.get());
            }
            if (!done) {
                for (StackTraceElement element : thread.getStackTrace()) {
                    if (element.getClassName().startsWith("farpage.")) {
                        text.append("\n      at ").append(element);
                    }
                }
            }
        }
    }

    /// @param seed chooses the interleaving
    public SteppedRunner(long seed) {
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        this.switchChance = 1 << random.nextInt(3, 10);
    }

    /// Runs bodies by name until all have ended.
    ///
    /// @throws AssertionError if one fails, or none can go on
    public void run(Map<String, Runnable> bodies) {
        bodies.forEach((name, body) -> workers.add(new Worker(name, body)));
        workers.forEach(worker -> worker.thread.start());
        workers.get(random.nextInt(workers.size())).go();
        for (Worker worker : workers) {
            if (!hasEnded(worker.thread)) {
                fail("it hangs outside of all points", null);
                break;
            }
        }
        AssertionError failed = failure;
        if (failed != null) {
            throw failed;
        }
    }

    private static boolean hasEnded(Thread thread) {
        try {
            return thread.join(HANG);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /// Points passed by all threads.
    public long stepCount() {
        return stepCount;
    }

    /// A hash of who passed which point in which order: that of two runs is the same if they
    /// interleaved in the same way.
    public long fingerprint() {
        return fingerprint;
    }

    private @Nullable Worker choose(Worker current) {
        int ready = 0;
        for (Worker worker : workers) {
            ready += isReady(worker) && worker != current ? 1 : 0;
        }
        if (ready == 0) {
            return isReady(current) ? current : null;
        }
        int chosen = random.nextInt(ready);
        for (Worker worker : workers) {
            if (isReady(worker) && worker != current && chosen-- == 0) {
                return worker;
            }
        }
        throw new AssertionError(chosen);
    }

    private static boolean isReady(Worker worker) {
        return !worker.done && worker.blockedOn == null;
    }

    private void record(Worker worker, YieldPoint point, String what) {
        trail[(int) (stepCount++ % TRAIL)] = worker.name + " " + point + " " + what;
        fingerprint =
                (fingerprint ^ worker.name.hashCode() ^ (long) point.name().hashCode() << 32)
                        * 0x9E37_79B9_7F4A_7C15L;
        fingerprint = (fingerprint ^ what.hashCode()) * 0x100_0000_01b3L;
    }

    /// The first failure counts; afterwards all threads end.
    private void fail(String message, @Nullable Throwable cause) {
        if (failure != null || cause instanceof Abandoned) {
            return;
        }
        StringBuilder text = new StringBuilder(message);
        text.append(cause == null ? "" : ": " + cause);
        text.append(", in interleaving ").append(seed);
        workers.forEach(worker -> worker.describe(text));
        text.append("\nlast points:");
        for (long step = Math.max(0, stepCount - TRAIL); step < stepCount; step++) {
            text.append("\n  ").append(trail[(int) (step % TRAIL)]);
        }
        failure = new AssertionError(text.toString(), cause);
        workers.forEach(worker -> LockSupport.unpark(worker.thread));
    }
}
