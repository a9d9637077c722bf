package farpage.emulator.selftest;

import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/// A thread of a case under way, and what it comes to.
///
/// @kernel kernel/exit.c: do_wait
final class Running<T> {
    private final FutureTask<T> task;

    Running(FutureTask<T> task) {
        this.task = task;
    }

    /// Waits for the end, however it comes; a failure was or will be reported by [#await()].
    void awaitEnd() {
        try {
            T _ = task.get();
        } catch (ExecutionException _) {
            assert task.isDone();
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        }
    }

    /// Waits for the end.
    ///
    /// @return what the thread gave; what it threw is thrown here, as it was
    T await() {
        try {
            return task.get();
        } catch (ExecutionException failed) {
            throw unchecked(failed);
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        }
    }

    /// Waits for the end at most so long.
    ///
    /// @return what the thread gave; nothing if it still runs
    Optional<T> await(Duration limit) {
        try {
            return Optional.of(task.get(limit.toNanos(), TimeUnit.NANOSECONDS));
        } catch (TimeoutException _) {
            return Optional.empty();
        } catch (ExecutionException failed) {
            throw unchecked(failed);
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        }
    }

    /// Work throws nothing checked.
    private static RuntimeException unchecked(ExecutionException failed) {
        return switch (failed.getCause()) {
            case RuntimeException exception -> exception;
            case Error error -> throw error;
            case null, default -> new IllegalStateException(failed);
        };
    }

    private static IllegalStateException interrupted(InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        return new IllegalStateException("interrupted while a case ran", interrupted);
    }
}
