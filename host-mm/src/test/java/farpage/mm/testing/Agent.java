package farpage.mm.testing;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import farpage.mm.lock.HeldRanks;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/// A second thread of a test, stepped with latches: no test sleeps or depends on speed.
///
/// @param <T> what the thread comes back with
public final class Agent<T> {
    private final FutureTask<T> task;
    private final Thread thread;

    private Agent(Callable<T> body) {
        task =
                new FutureTask<>(() -> {
                    T result = body.call();
                    assertTrue(HeldRanks.holdsNothing(), HeldRanks::describe);
                    return result;
                });
        thread = Thread.ofPlatform().daemon().name("agent").start(task);
    }

    /// Starts a thread; it must let go of every lock before it ends.
    public static <T> Agent<T> start(Callable<T> body) {
        return new Agent<>(body);
    }

    /// Returns when the thread sleeps for something that another thread must do.
    public void awaitWaiting() {
        while (thread.getState() != Thread.State.WAITING) {
            if (!thread.isAlive()) {
                fail("the thread ended instead of waiting");
            }
            Thread.onSpinWait();
        }
    }

    public boolean isDone() {
        return task.isDone();
    }

    /// Waits for the end of the thread and returns its result, or fails as it did.
    public T finish() {
        try {
            return task.get();
        } catch (ExecutionException e) {
            throw new AssertionError("in the second thread: " + e.getCause(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }

    /// Waits for a latch without its checked exception.
    public static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new AssertionError(e);
        }
    }
}
