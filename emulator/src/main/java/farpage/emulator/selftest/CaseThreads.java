package farpage.emulator.selftest;

import farpage.mm.lock.HeldRanks;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;

/// The threads of one run, so that a run that hangs can be looked at from outside.
///
/// They do not keep the program alive: a thread that hangs is left behind.
///
/// @kernel kernel/hung_task.c
final class CaseThreads {
    /// Frames of a stack that a report shows.
    private static final int FRAME_COUNT_MAX = 12;

    private final List<Watched> watched = new CopyOnWriteArrayList<>();

    /// What a thread does.
    @FunctionalInterface
    interface Work<T> {
        T run();
    }

    /// A thread and what it holds.
    private record Watched(Thread thread, Supplier<String> held) {}

    /// Starts a thread.
    ///
    /// @return what it gives or throws
    <T> Running<T> start(String name, Work<T> work) {
        FutureTask<T> task = new FutureTask<>(() -> runWatched(work));
        Thread.ofPlatform().name(name).daemon().start(task);
        return new Running<>(task);
    }

    private <T> T runWatched(Work<T> work) {
        watched.add(new Watched(Thread.currentThread(), HeldRanks.observe()));
        T result = work.run();
        assert HeldRanks.holdsNothing() : HeldRanks.describe();
        return result;
    }

    /// The threads that still run: which locks they hold, and where they are.
    List<String> describe() {
        return watched.stream()
                .filter(one -> one.thread().isAlive())
                .flatMap(one -> describe(one.thread(), one.held().get()).lines())
                .toList();
    }

    private static String describe(Thread thread, String held) {
        StringBuilder text = new StringBuilder();
        text.append("thread ")
                .append(thread.getName())
                .append(", ")
                .append(thread.getState())
                .append(held.isEmpty() ? ", holds no lock" : ", holds " + held);
        StackTraceElement[] frames = thread.getStackTrace();
        for (int i = 0; i < Math.min(frames.length, FRAME_COUNT_MAX); i++) {
            text.append("\n    at ").append(frames[i]);
        }
        return text.toString();
    }
}
