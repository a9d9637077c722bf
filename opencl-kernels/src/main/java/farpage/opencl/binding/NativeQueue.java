package farpage.opencl.binding;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClDevice;
import farpage.opencl.ClError;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClKernel;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClMapping;
import farpage.opencl.ClQueue;
import farpage.opencl.ClQueueProperty;
import farpage.opencl.WorkSize;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/// A queue: arguments are checked here, the library enqueues.
///
/// @opencl cl_command_queue
final class NativeQueue extends NativeObject implements ClQueue {
    /// The most that one mapping covers: what a Java buffer can index.
    private static final long MAP_LIMIT = Integer.MAX_VALUE;

    private final NativeContext context;
    private final NativeDevice device;
    private final boolean outOfOrder;
    private final boolean profiling;
    private final HostTransfer write;
    private final HostTransfer read;

    NativeQueue(NativeContext context, NativeHandle handle, NativeDevice device, long bits) {
        super(context.cl(), ObjectKind.QUEUE, handle, context.children());
        this.context = context;
        this.device = device;
        this.outOfOrder = (bits & ClQueueProperty.OUT_OF_ORDER.bit()) != 0;
        this.profiling = (bits & ClQueueProperty.PROFILING.bit()) != 0;
        this.write = new HostTransfer(this, true);
        this.read = new HostTransfer(this, false);
    }

    @Override
    public ClDevice device() {
        return device;
    }

    @Override
    public boolean isOutOfOrder() {
        return outOfOrder;
    }

    @Override
    public boolean isProfiling() {
        return profiling;
    }

    @Override
    public ClEvent write(
            ClBuffer target, long targetOffset, MemorySegment source, ClEvent... waitFor) {
        NativeHandle[] waits = Arguments.waitList(context, waitFor);
        NativeBuffer buffer = write.check(target, targetOffset, source, 0, source.byteSize());
        return write.withEvent(buffer, targetOffset, source, waits);
    }

    @Override
    public ClEvent read(
            ClBuffer source, long sourceOffset, MemorySegment target, ClEvent... waitFor) {
        NativeHandle[] waits = Arguments.waitList(context, waitFor);
        NativeBuffer buffer = read.check(source, sourceOffset, target, 0, target.byteSize());
        return read.withEvent(buffer, sourceOffset, target, waits);
    }

    @Override
    public void enqueueWrite(
            ClBuffer target,
            long targetOffset,
            MemorySegment source,
            long sourceOffset,
            long size) {
        NativeBuffer buffer = write.check(target, targetOffset, source, sourceOffset, size);
        write.run(buffer, false, targetOffset, source, sourceOffset, size);
    }

    @Override
    public void enqueueRead(
            ClBuffer source,
            long sourceOffset,
            MemorySegment target,
            long targetOffset,
            long size) {
        NativeBuffer buffer = read.check(source, sourceOffset, target, targetOffset, size);
        read.run(buffer, false, sourceOffset, target, targetOffset, size);
    }

    @Override
    public void writeBlocking(ClBuffer target, long targetOffset, MemorySegment source) {
        NativeBuffer buffer = write.check(target, targetOffset, source, 0, source.byteSize());
        write.run(buffer, true, targetOffset, source, 0, source.byteSize());
    }

    @Override
    public void readBlocking(ClBuffer source, long sourceOffset, MemorySegment target) {
        NativeBuffer buffer = read.check(source, sourceOffset, target, 0, target.byteSize());
        read.run(buffer, true, sourceOffset, target, 0, target.byteSize());
    }

    @Override
    public ClEvent copy(
            ClBuffer source,
            long sourceOffset,
            ClBuffer target,
            long targetOffset,
            long size,
            ClEvent... waitFor) {
        NativeHandle[] event = new NativeHandle[1];
        NativeHandle[] waits = Arguments.waitList(context, waitFor);
        copy(source, sourceOffset, target, targetOffset, size, waits, event);
        return event(event, "clEnqueueCopyBuffer");
    }

    @Override
    public void enqueueCopy(
            ClBuffer source, long sourceOffset, ClBuffer target, long targetOffset, long size) {
        copy(source, sourceOffset, target, targetOffset, size, NativeHandle.NONE, null);
    }

    private void copy(
            ClBuffer source,
            long sourceOffset,
            ClBuffer target,
            long targetOffset,
            long size,
            NativeHandle[] waits,
            NativeHandle @Nullable [] event) {
        NativeBuffer from = Arguments.buffer(context, source);
        NativeBuffer to = Arguments.buffer(context, target);
        Arguments.range("copy source", sourceOffset, size, from.size());
        Arguments.range("copy target", targetOffset, size, to.size());
        int status =
                cl().enqueueCopy(
                                handle(),
                                from.handle(),
                                to.handle(),
                                sourceOffset,
                                targetOffset,
                                size,
                                waits,
                                event);
        if (status != 0) {
            throw failed(status, "clEnqueueCopyBuffer", to, targetOffset, size);
        }
    }

    @Override
    public ClEvent fill(
            ClBuffer target,
            long offset,
            long size,
            long pattern,
            int patternSize,
            ClEvent... waitFor) {
        NativeHandle[] event = new NativeHandle[1];
        NativeHandle[] waits = Arguments.waitList(context, waitFor);
        fill(target, offset, size, pattern, patternSize, waits, event);
        return event(event, "clEnqueueFillBuffer");
    }

    @Override
    public void enqueueFill(
            ClBuffer target, long offset, long size, long pattern, int patternSize) {
        fill(target, offset, size, pattern, patternSize, NativeHandle.NONE, null);
    }

    private void fill(
            ClBuffer target,
            long offset,
            long size,
            long pattern,
            int patternSize,
            NativeHandle[] waits,
            NativeHandle @Nullable [] event) {
        NativeBuffer to = Arguments.buffer(context, target);
        Arguments.range("fill", offset, size, to.size());
        if (patternSize < 1 || patternSize > Long.BYTES || Integer.bitCount(patternSize) != 1) {
            throw new IllegalArgumentException(
                    "fill: patternSize=" + patternSize + ", limit=1, 2, 4 or 8");
        }
        if (offset % patternSize != 0 || size % patternSize != 0) {
            throw new IllegalArgumentException(
                    "fill: offset=" + offset + " size=" + size + ", limit=of " + patternSize);
        }
        int status =
                cl().enqueueFill(
                                handle(),
                                to.handle(),
                                pattern,
                                patternSize,
                                offset,
                                size,
                                waits,
                                event);
        if (status != 0) {
            throw failed(status, "clEnqueueFillBuffer", to, offset, size);
        }
    }

    @Override
    public ClEvent launch(ClKernel kernel, WorkSize workSize, ClEvent... waitFor) {
        NativeHandle[] event = new NativeHandle[1];
        launch(kernel, workSize, Arguments.waitList(context, waitFor), event);
        return event(event, "clEnqueueNDRangeKernel");
    }

    @Override
    public void enqueueLaunch(ClKernel kernel, WorkSize workSize) {
        launch(kernel, workSize, NativeHandle.NONE, null);
    }

    private void launch(
            ClKernel kernel,
            WorkSize workSize,
            NativeHandle[] waits,
            NativeHandle @Nullable [] event) {
        if (!(kernel instanceof NativeKernel ours) || ours.siblings() != context.children()) {
            throw Arguments.foreign("kernel", kernel, context);
        }
        NativeHandle function = ours.handleForLaunch();
        int status =
                cl().enqueueKernel(
                                handle(),
                                function,
                                workSize.global(),
                                workSize.local(),
                                waits,
                                event);
        if (status != 0) {
            throw new ClException(
                    ClError.of(status),
                    "clEnqueueNDRangeKernel",
                    ours + ", " + workSize + ", " + device);
        }
    }

    @Override
    public ClEvent marker(ClEvent... waitFor) {
        return marker(Arguments.waitList(context, waitFor));
    }

    ClEvent marker(NativeHandle[] waits) {
        NativeHandle[] event = new NativeHandle[1];
        check(cl().enqueueMarker(handle(), waits, event), "clEnqueueMarkerWithWaitList");
        return event(event, "clEnqueueMarkerWithWaitList");
    }

    @Override
    public ClEvent barrier(ClEvent... waitFor) {
        NativeHandle[] event = new NativeHandle[1];
        NativeHandle[] waits = Arguments.waitList(context, waitFor);
        check(cl().enqueueBarrier(handle(), waits, event), "clEnqueueBarrierWithWaitList");
        return event(event, "clEnqueueBarrierWithWaitList");
    }

    @Override
    public void enqueueBarrier() {
        int status = cl().enqueueBarrier(handle(), NativeHandle.NONE, null);
        check(status, "clEnqueueBarrierWithWaitList");
    }

    @Override
    public ClMapping map(
            ClBuffer buffer, ClMapMode mode, long offset, long size, ClEvent... waitFor) {
        NativeBuffer ours = Arguments.buffer(context, buffer);
        Arguments.range("map", offset, size, ours.size());
        if (size > MAP_LIMIT) {
            throw new IllegalArgumentException("map: size=" + size + ", limit=" + MAP_LIMIT);
        }
        NativeHandle[] waits = Arguments.waitList(context, waitFor);
        NativeHandle[] event = new NativeHandle[1];
        int[] status = new int[1];
        MemorySegment memory =
                cl().enqueueMap(
                                handle(),
                                ours.handle(),
                                mode.bits(),
                                offset,
                                size,
                                waits,
                                event,
                                status);
        if (status[0] != 0) {
            throw failed(status[0], "clEnqueueMapBuffer", ours, offset, size);
        }
        return new NativeMapping(ours, offset, memory, event(event, "clEnqueueMapBuffer"));
    }

    @Override
    public ClEvent unmap(ClMapping mapping, ClEvent... waitFor) {
        if (!(mapping instanceof NativeMapping ours)
                || ours.buffer().siblings() != context.children()) {
            throw Arguments.foreign("mapping", mapping, context);
        }
        NativeHandle[] event = new NativeHandle[1];
        NativeHandle[] waits = Arguments.waitList(context, waitFor);
        NativeHandle buffer = ours.buffer().handle();
        int status = cl().enqueueUnmap(handle(), buffer, ours.memory(), waits, event);
        check(status, "clEnqueueUnmapMemObject");
        ours.end();
        return event(event, "clEnqueueUnmapMemObject");
    }

    @Override
    public void flush() {
        check(cl().flush(handle()), "clFlush");
    }

    @Override
    public void finish() {
        check(cl().finish(handle()), "clFinish");
    }

    /// Waits first: OpenCL itself lets a released queue go on with what is in it, and its commands
    /// would then read and write host memory that the caller gives back next. A command that
    /// failed, or a wait that fails, does not keep the queue from being released.
    @Override
    public void close() {
        if (!isClosed()) {
            int _ = cl().finish(handle());
        }
        super.close();
    }

    NativeContext context() {
        return context;
    }

    /// The event that a call stored, as an object of the context.
    NativeEvent event(NativeHandle[] stored, String command) {
        return context.track(new NativeEvent(context, stored[0], command));
    }

    ClException failed(int status, String call, NativeBuffer buffer, long offset, long size) {
        return new ClException(
                ClError.of(status),
                call,
                size + " bytes at " + offset + " of " + buffer + ", " + device);
    }

    @Override
    String detail() {
        return (outOfOrder ? "out of order, " : "") + device;
    }
}
