package farpage.opencl.inject;

import farpage.opencl.ClBinding;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClPlatform;
import java.util.List;

/// A binding whose calls meet the faults of a plan.
///
/// Contexts and queues are wrapped; all other objects are those of the binding inside. It closes
/// that binding when it is closed.
///
/// @opencl The platform layer, OpenCL specification chapter 4
public final class InjectingBinding implements ClBinding {
    private final ClBinding inner;
    private final FaultPlan plan;

    /// Wraps a binding and takes it over.
    public InjectingBinding(ClBinding inner, FaultPlan plan) {
        this.inner = inner;
        this.plan = plan;
    }

    /// The plan.
    public FaultPlan plan() {
        return plan;
    }

    @Override
    public String name() {
        return inner.name();
    }

    @Override
    public List<ClPlatform> platforms() {
        return inner.platforms();
    }

    @Override
    public ClContext createContext(ClDevice... devices) {
        return new InjectingContext(inner.createContext(devices), plan);
    }

    @Override
    public void close() {
        inner.close();
    }
}
