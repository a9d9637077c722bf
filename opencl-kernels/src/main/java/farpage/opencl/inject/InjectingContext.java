package farpage.opencl.inject;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClBuildException;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClProgram;
import farpage.opencl.ClQueue;
import farpage.opencl.ClQueueProperty;
import farpage.opencl.ClSharedMemory;
import farpage.opencl.ClUserEvent;
import java.lang.foreign.MemorySegment;
import java.util.List;

/// A context whose calls meet the faults of a plan.
///
/// @opencl cl_context
final class InjectingContext implements ClContext {
    private final ClContext inner;
    private final FaultPlan plan;

    InjectingContext(ClContext inner, FaultPlan plan) {
        this.inner = inner;
        this.plan = plan;
    }

    @Override
    public List<ClDevice> devices() {
        return inner.devices();
    }

    @Override
    public ClQueue createQueue(ClDevice device, ClQueueProperty... properties) {
        strike(plan, CallKind.CREATE_QUEUE, device.toString());
        return new InjectingQueue(inner.createQueue(device, properties), plan);
    }

    @Override
    public ClBuffer createBuffer(long size, ClMemoryFlag... flags) {
        strike(plan, CallKind.CREATE_BUFFER, size + " bytes");
        return inner.createBuffer(size, flags);
    }

    @Override
    public ClBuffer createBuffer(MemorySegment hostMemory, ClMemoryFlag... flags) {
        strike(plan, CallKind.CREATE_BUFFER, hostMemory.byteSize() + " bytes");
        return inner.createBuffer(hostMemory, flags);
    }

    @Override
    public long hostMemoryMax() {
        return inner.hostMemoryMax();
    }

    /// Strikes as a buffer does, which it is made of.
    @Override
    public ClSharedMemory createSharedMemory(long size) {
        strike(plan, CallKind.CREATE_BUFFER, size + " shared bytes");
        return inner.createSharedMemory(size);
    }

    @Override
    public ClProgram buildProgram(String name, String source, String options) {
        if (plan.next(CallKind.BUILD) instanceof Fault.Fail(ClError error)) {
            if (error.equals(ClError.BUILD_PROGRAM_FAILURE)) {
                String device = inner.devices().getFirst().toString();
                throw new ClBuildException(error, name, device, "injected");
            }
            throw new ClException(error, CallKind.BUILD.call(), "injected: " + name);
        }
        return inner.buildProgram(name, source, options);
    }

    @Override
    public ClUserEvent createUserEvent() {
        return inner.createUserEvent();
    }

    @Override
    public List<String> openObjects() {
        return inner.openObjects();
    }

    @Override
    public boolean isClosed() {
        return inner.isClosed();
    }

    @Override
    public void close() {
        inner.close();
    }

    /// Counts a call that moves no bytes and fails it when the plan says so.
    static void strike(FaultPlan plan, CallKind kind, String detail) {
        switch (plan.next(kind)) {
            case Fault.None() -> {}
            case Fault.Fail(ClError error) ->
                    throw new ClException(error, kind.call(), "injected: " + detail);
            case Fault.Partial _, Fault.Corrupt _ -> throw new AssertionError(kind);
        }
    }

    @Override
    public String toString() {
        return inner.toString();
    }
}
