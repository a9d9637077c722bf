package farpage.opencl.inject;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClDevice;
import farpage.opencl.ClError;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClKernel;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClMapping;
import farpage.opencl.ClQueue;
import farpage.opencl.WorkSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A queue whose calls meet the faults of a plan.
///
/// A transfer that is cut short or corrupted is waited for, so that its outcome is there when the
/// call returns or throws; a wait list that only completes later would block it.
///
/// @opencl cl_command_queue
final class InjectingQueue implements ClQueue {
    private static final long INVERT = 0xFF;

    private final ClQueue inner;
    private final FaultPlan plan;

    InjectingQueue(ClQueue inner, FaultPlan plan) {
        this.inner = inner;
        this.plan = plan;
    }

    @Override
    public ClDevice device() {
        return inner.device();
    }

    @Override
    public boolean isOutOfOrder() {
        return inner.isOutOfOrder();
    }

    @Override
    public boolean isProfiling() {
        return inner.isProfiling();
    }

    @Override
    public ClEvent write(
            ClBuffer target, long targetOffset, MemorySegment source, ClEvent... waitFor) {
        return write(plan.next(CallKind.WRITE), target, targetOffset, source, waitFor);
    }

    private ClEvent write(
            Fault fault,
            ClBuffer target,
            long targetOffset,
            MemorySegment source,
            ClEvent... waitFor) {
        return switch (fault) {
            case Fault.None() -> inner.write(target, targetOffset, source, waitFor);
            case Fault.Fail(ClError error) ->
                    throw failure(CallKind.WRITE, error, source.byteSize());
            case Fault.Partial(long size, ClError error) -> {
                long moved = Math.min(size, source.byteSize());
                if (moved > 0) {
                    MemorySegment part = source.asSlice(0, moved);
                    finish(inner.write(target, targetOffset, part, waitFor));
                }
                throw failure(CallKind.WRITE, error, moved);
            }
            case Fault.Corrupt(long offset) -> {
                finish(inner.write(target, targetOffset, source, waitFor));
                long at = offset % source.byteSize();
                byte right = source.get(ValueLayout.JAVA_BYTE, at);
                yield inner.fill(target, targetOffset + at, 1, right ^ INVERT, 1);
            }
        };
    }

    @Override
    public ClEvent read(
            ClBuffer source, long sourceOffset, MemorySegment target, ClEvent... waitFor) {
        return read(plan.next(CallKind.READ), source, sourceOffset, target, waitFor);
    }

    private ClEvent read(
            Fault fault,
            ClBuffer source,
            long sourceOffset,
            MemorySegment target,
            ClEvent... waitFor) {
        return switch (fault) {
            case Fault.None() -> inner.read(source, sourceOffset, target, waitFor);
            case Fault.Fail(ClError error) ->
                    throw failure(CallKind.READ, error, target.byteSize());
            case Fault.Partial(long size, ClError error) -> {
                long moved = Math.min(size, target.byteSize());
                if (moved > 0) {
                    MemorySegment part = target.asSlice(0, moved);
                    finish(inner.read(source, sourceOffset, part, waitFor));
                }
                throw failure(CallKind.READ, error, moved);
            }
            case Fault.Corrupt(long offset) -> {
                finish(inner.read(source, sourceOffset, target, waitFor));
                long at = offset % target.byteSize();
                byte right = target.get(ValueLayout.JAVA_BYTE, at);
                target.set(ValueLayout.JAVA_BYTE, at, (byte) (right ^ INVERT));
                yield inner.marker();
            }
        };
    }

    @Override
    public ClEvent copy(
            ClBuffer source,
            long sourceOffset,
            ClBuffer target,
            long targetOffset,
            long size,
            ClEvent... waitFor) {
        Fault fault = plan.next(CallKind.COPY);
        return copy(fault, source, sourceOffset, target, targetOffset, size, waitFor);
    }

    private ClEvent copy(
            Fault fault,
            ClBuffer source,
            long sourceOffset,
            ClBuffer target,
            long targetOffset,
            long size,
            ClEvent... waitFor) {
        return switch (fault) {
            case Fault.None() ->
                    inner.copy(source, sourceOffset, target, targetOffset, size, waitFor);
            case Fault.Fail(ClError error) -> throw failure(CallKind.COPY, error, size);
            case Fault.Partial(long part, ClError error) -> {
                long moved = Math.min(part, size);
                if (moved > 0) {
                    finish(inner.copy(source, sourceOffset, target, targetOffset, moved, waitFor));
                }
                throw failure(CallKind.COPY, error, moved);
            }
            case Fault.Corrupt(long offset) -> {
                finish(inner.copy(source, sourceOffset, target, targetOffset, size, waitFor));
                yield invert(target, targetOffset + offset % size);
            }
        };
    }

    /// Inverts a byte of a buffer that the host may read.
    private ClEvent invert(ClBuffer buffer, long offset) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment one = arena.allocate(1);
            inner.readBlocking(buffer, offset, one);
            long wrong = one.get(ValueLayout.JAVA_BYTE, 0) ^ INVERT;
            return inner.fill(buffer, offset, 1, wrong, 1);
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
        InjectingContext.strike(plan, CallKind.FILL, size + " bytes");
        return inner.fill(target, offset, size, pattern, patternSize, waitFor);
    }

    @Override
    public ClEvent launch(ClKernel kernel, WorkSize workSize, ClEvent... waitFor) {
        InjectingContext.strike(plan, CallKind.LAUNCH, kernel.toString());
        return inner.launch(kernel, workSize, waitFor);
    }

    @Override
    public ClEvent marker(ClEvent... waitFor) {
        InjectingContext.strike(plan, CallKind.MARKER, inner.toString());
        return inner.marker(waitFor);
    }

    @Override
    public ClEvent barrier(ClEvent... waitFor) {
        return inner.barrier(waitFor);
    }

    @Override
    public ClMapping map(
            ClBuffer buffer, ClMapMode mode, long offset, long size, ClEvent... waitFor) {
        InjectingContext.strike(plan, CallKind.MAP, size + " bytes");
        return inner.map(buffer, mode, offset, size, waitFor);
    }

    @Override
    public ClEvent unmap(ClMapping mapping, ClEvent... waitFor) {
        return inner.unmap(mapping, waitFor);
    }

    @Override
    public void enqueueWrite(
            ClBuffer target,
            long targetOffset,
            MemorySegment source,
            long sourceOffset,
            long size) {
        Fault fault = plan.next(CallKind.WRITE);
        if (fault instanceof Fault.None) {
            inner.enqueueWrite(target, targetOffset, source, sourceOffset, size);
        } else {
            write(fault, target, targetOffset, source.asSlice(sourceOffset, size)).close();
        }
    }

    @Override
    public void enqueueRead(
            ClBuffer source,
            long sourceOffset,
            MemorySegment target,
            long targetOffset,
            long size) {
        Fault fault = plan.next(CallKind.READ);
        if (fault instanceof Fault.None) {
            inner.enqueueRead(source, sourceOffset, target, targetOffset, size);
        } else {
            read(fault, source, sourceOffset, target.asSlice(targetOffset, size)).close();
        }
    }

    @Override
    public void enqueueCopy(
            ClBuffer source, long sourceOffset, ClBuffer target, long targetOffset, long size) {
        Fault fault = plan.next(CallKind.COPY);
        if (fault instanceof Fault.None) {
            inner.enqueueCopy(source, sourceOffset, target, targetOffset, size);
        } else {
            copy(fault, source, sourceOffset, target, targetOffset, size).close();
        }
    }

    @Override
    public void enqueueFill(
            ClBuffer target, long offset, long size, long pattern, int patternSize) {
        InjectingContext.strike(plan, CallKind.FILL, size + " bytes");
        inner.enqueueFill(target, offset, size, pattern, patternSize);
    }

    @Override
    public void enqueueLaunch(ClKernel kernel, WorkSize workSize) {
        InjectingContext.strike(plan, CallKind.LAUNCH, kernel.toString());
        inner.enqueueLaunch(kernel, workSize);
    }

    @Override
    public void enqueueBarrier() {
        inner.enqueueBarrier();
    }

    @Override
    public void writeBlocking(ClBuffer target, long targetOffset, MemorySegment source) {
        Fault fault = plan.next(CallKind.WRITE);
        if (fault instanceof Fault.None) {
            inner.writeBlocking(target, targetOffset, source);
        } else {
            finish(write(fault, target, targetOffset, source));
        }
    }

    @Override
    public void readBlocking(ClBuffer source, long sourceOffset, MemorySegment target) {
        Fault fault = plan.next(CallKind.READ);
        if (fault instanceof Fault.None) {
            inner.readBlocking(source, sourceOffset, target);
        } else {
            finish(read(fault, source, sourceOffset, target));
        }
    }

    @Override
    public void flush() {
        inner.flush();
    }

    @Override
    public void finish() {
        InjectingContext.strike(plan, CallKind.FINISH, inner.toString());
        inner.finish();
    }

    @Override
    public boolean isClosed() {
        return inner.isClosed();
    }

    @Override
    public void close() {
        inner.close();
    }

    private static void finish(ClEvent event) {
        try (event) {
            event.await();
        }
    }

    private static ClException failure(CallKind kind, ClError error, long size) {
        return new ClException(error, kind.call(), "injected: " + size + " bytes");
    }

    @Override
    public String toString() {
        return inner.toString();
    }
}
