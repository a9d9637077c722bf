package farpage.testing.opencl;

import farpage.opencl.binding.NativeHandle;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The fake's objects. All fields are guarded by the lock of their [FakeScheduler].
///
/// @opencl The handle types of cl.h
abstract sealed class FakeObject extends NativeHandle {
    /// Handed to no one any more.
    boolean released;

    /// cl_platform_id.
    static final class Platform extends FakeObject {}

    /// cl_device_id.
    static final class Device extends FakeObject {
        final FakeDevice description;

        Device(FakeDevice description) {
            this.description = description;
        }
    }

    /// cl_context.
    static final class Context extends FakeObject {
        final List<Device> devices;

        /// Bytes in buffers that are open.
        long allocated;

        Context(List<Device> devices) {
            this.devices = devices;
        }

        /// What the smallest device holds.
        long memory() {
            return devices.stream().mapToLong(d -> d.description.globalMemory()).min().orElse(0);
        }

        long maxAllocation() {
            return devices.stream().mapToLong(d -> d.description.maxAllocation()).min().orElse(0);
        }
    }

    /// cl_command_queue.
    static final class Queue extends FakeObject {
        final boolean outOfOrder;
        final boolean profiling;

        /// Commands that have not ended, oldest first.
        final Deque<Command> pending = new ArrayDeque<>();

        /// The last barrier, if it has not ended.
        @Nullable Command barrier;

        Queue(long properties) {
            this.outOfOrder = (properties & 1) != 0;
            this.profiling = (properties & 2) != 0;
        }
    }

    /// cl_mem.
    static final class Buffer extends FakeObject {
        final Context context;
        final MemorySegment memory;
        final long flags;
        final @Nullable Buffer whole;

        /// Handles to the memory: the buffer's own and its sub-buffers'.
        int handles = 1;

        /// Mapped parts by the address that the host was given.
        final Map<Long, Mapped> mapped = new HashMap<>();

        Buffer(Context context, MemorySegment memory, long flags, @Nullable Buffer whole) {
            this.context = context;
            this.memory = memory;
            this.flags = flags;
            this.whole = whole;
        }
    }

    /// What clSVMAlloc returns.
    static final class SharedMemory extends FakeObject {
        final MemorySegment memory;

        SharedMemory(MemorySegment memory) {
            this.memory = memory;
        }
    }

    /// A mapped part: where it lies in the buffer, what the host sees, and whether it goes back.
    record Mapped(MemorySegment part, MemorySegment host, boolean writes) {}

    /// cl_program.
    static final class Program extends FakeObject {
        final String source;
        String options = "";
        String log = "";
        boolean failed;

        Program(String source) {
            this.source = source;
        }
    }

    /// cl_kernel.
    static final class Kernel extends FakeObject {
        final FakeKernels twin;
        final String signature;
        final boolean groupPerPage;
        final @Nullable Object[] arguments;

        Kernel(FakeKernels twin, String signature, boolean groupPerPage) {
            this.twin = twin;
            this.signature = signature;
            this.groupPerPage = groupPerPage;
            this.arguments = new Object[signature.length()];
        }
    }

    /// cl_event.
    static final class Event extends FakeObject {
        /// CL_QUEUED, CL_SUBMITTED, CL_COMPLETE or an error.
        int status = 3;

        final boolean user;
        final boolean profiling;
        final long[] times = new long[4];

        Event(boolean user, boolean profiling) {
            this.user = user;
            this.profiling = profiling;
        }

        boolean hasEnded() {
            return status <= 0;
        }
    }

    /// What a queue holds.
    static final class Command {
        final Queue queue;
        final Event event;
        final Runnable body;

        /// Must have completed; an error of theirs is ours.
        final List<Event> waitFor;

        /// Must have ended, either way.
        final List<Event> after = new ArrayList<>();

        Command(Queue queue, Event event, Runnable body, List<Event> waitFor) {
            this.queue = queue;
            this.event = event;
            this.body = body;
            this.waitFor = waitFor;
        }
    }
}
