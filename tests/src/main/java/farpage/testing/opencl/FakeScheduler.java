package farpage.testing.opencl;

import farpage.opencl.ClError;
import farpage.opencl.binding.NativeHandle;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;

/// The commands of all queues: which may run, and when they do.
///
/// Commands run one at a time, in the thread of whoever enqueues or waits, under one lock; their
/// times are ticks of a counter. A wait blocks only when nothing may run, that is, for a user event
/// that another thread is to complete.
///
/// @opencl Execution model, OpenCL specification section 3.2
final class FakeScheduler {
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<FakeObject.Command> pending = new ArrayList<>();
    private final boolean eager;
    private long ticks;

    FakeScheduler(FakeClBinding.Execution execution) {
        this.eager = execution == FakeClBinding.Execution.EAGER;
    }

    /// What kind of command is enqueued, as far as order is concerned.
    enum Order {
        /// Any that works on memory.
        PLAIN,
        /// Waits for all before it when its wait list is empty.
        MARKER,
        /// A marker that also holds back what comes later.
        BARRIER
    }

    /// Enqueues a command and, being eager, runs what may run.
    int enqueue(
            NativeHandle queueHandle,
            Order order,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] stored,
            Runnable body) {
        lock.lock();
        try {
            FakeObject.Queue queue = (FakeObject.Queue) queueHandle;
            FakeObject.Event event = new FakeObject.Event(false, queue.profiling);
            event.times[0] = ++ticks;
            List<FakeObject.Event> waitFor = new ArrayList<>();
            for (NativeHandle handle : waitList) {
                waitFor.add((FakeObject.Event) handle);
            }
            FakeObject.Command command = new FakeObject.Command(queue, event, body, waitFor);
            boolean all = order != Order.PLAIN && waitList.length == 0;
            if (all || !queue.outOfOrder) {
                queue.pending.forEach(earlier -> command.after.add(earlier.event));
            } else if (queue.barrier != null) {
                command.after.add(queue.barrier.event);
            }
            queue.pending.add(command);
            pending.add(command);
            if (order == Order.BARRIER) {
                queue.barrier = command;
            }
            if (stored != null) {
                stored[0] = event;
            }
            event.status = 2;
            event.times[1] = ++ticks;
            if (eager) {
                runAll();
            }
            return 0;
        } finally {
            lock.unlock();
        }
    }

    /// Runs everything that may run.
    private void runAll() {
        while (runOne()) {
            // runOne makes progress or says that there is none.
        }
    }

    /// Runs the oldest command that may run; false when there is none.
    private boolean runOne() {
        Iterator<FakeObject.Command> commands = pending.iterator();
        while (commands.hasNext()) {
            FakeObject.Command command = commands.next();
            if (mayRun(command)) {
                commands.remove();
                run(command);
                return true;
            }
        }
        return false;
    }

    private static boolean mayRun(FakeObject.Command command) {
        return command.waitFor.stream().allMatch(FakeObject.Event::hasEnded)
                && command.after.stream().allMatch(FakeObject.Event::hasEnded);
    }

    private void run(FakeObject.Command command) {
        FakeObject.Event event = command.event;
        event.times[2] = ++ticks;
        if (command.waitFor.stream().anyMatch(waited -> waited.status < 0)) {
            event.status = ClError.EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST.code();
        } else {
            command.body.run();
            event.status = 0;
        }
        event.times[3] = ++ticks;
        command.queue.pending.remove(command);
        if (command.equals(command.queue.barrier)) {
            command.queue.barrier = null;
        }
        changed.signalAll();
    }

    /// clWaitForEvents.
    int await(FakeObject.Event event) {
        lock.lock();
        try {
            runAll();
            while (!event.hasEnded()) {
                changed.awaitUninterruptibly();
                runAll();
            }
            return event.status < 0 ? ClError.EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST.code() : 0;
        } finally {
            lock.unlock();
        }
    }

    /// clFinish.
    int finish(FakeObject.Queue queue) {
        lock.lock();
        try {
            runAll();
            while (!queue.pending.isEmpty()) {
                changed.awaitUninterruptibly();
                runAll();
            }
            return 0;
        } finally {
            lock.unlock();
        }
    }

    /// The status of an event; asking again and again sees progress, one command at a time.
    int status(FakeObject.Event event) {
        lock.lock();
        try {
            int status = event.status;
            if (status > 0) {
                runOne();
            }
            return status;
        } finally {
            lock.unlock();
        }
    }

    /// clSetUserEventStatus.
    int complete(FakeObject.Event event, int status) {
        lock.lock();
        try {
            if (!event.user || event.hasEnded()) {
                return ClError.INVALID_OPERATION.code();
            }
            event.status = status;
            if (eager) {
                runAll();
            }
            changed.signalAll();
            return 0;
        } finally {
            lock.unlock();
        }
    }

    /// CL_PROFILING_COMMAND_... of an event.
    int profilingTimes(FakeObject.Event event, long[] times) {
        lock.lock();
        try {
            if (!event.profiling || event.status != 0) {
                return ClError.PROFILING_INFO_NOT_AVAILABLE.code();
            }
            System.arraycopy(event.times, 0, times, 0, times.length);
            return 0;
        } finally {
            lock.unlock();
        }
    }

    /// Runs something under the lock that guards all objects.
    int guarded(IntSupplier action) {
        lock.lock();
        try {
            return action.getAsInt();
        } finally {
            lock.unlock();
        }
    }
}
