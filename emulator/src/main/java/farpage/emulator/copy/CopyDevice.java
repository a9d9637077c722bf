package farpage.emulator.copy;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClException;
import farpage.opencl.kernel.PageShape;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;

/// An OpenCL device as the copy engines see it, shared by all of one context: what it was found to
/// be able to do, the kernels for that, and the machine's RAM.
///
/// Kernels are built when a plan first asks for them.
///
/// @opencl cl_context, cl_program
public final class CopyDevice implements AutoCloseable {
    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final ClContext context;
    private final ClDevice device;
    private final MemorySegment ram;
    private final CopyAbilities abilities;
    private final Map<PageShape, CopyKernels> kernels = new EnumMap<>(PageShape.class);

    private CopyDevice(
            ClContext context, ClDevice device, MemorySegment ram, CopyAbilities abilities) {
        this.context = context;
        this.device = device;
        this.ram = ram;
        this.abilities = abilities;
    }

    /// Finds out what the device can do.
    ///
    /// @param context that everything is made in; it stays the caller's
    /// @param ram the machine's memory; it stays mapped until this is closed
    /// @throws ClException if the device fails at what every device can do
    public static CopyDevice open(ClContext context, ClDevice device, MemorySegment ram) {
        return new CopyDevice(context, device, ram, CopyAbilities.NONE);
    }

    public ClContext context() {
        return context;
    }

    public ClDevice device() {
        return device;
    }

    /// The machine's memory.
    public MemorySegment ram() {
        return ram;
    }

    public CopyAbilities abilities() {
        return abilities;
    }

    /// The methods that can be had.
    public Set<CopyMethod> methods() {
        Set<CopyMethod> possible = EnumSet.allOf(CopyMethod.class);
        possible.removeIf(method -> !method.isPossible(abilities));
        return possible;
    }

    /// What is done where nobody measured or said anything else.
    public CopyPlan defaultPlan() {
        return CopyPlan.byDefault(device, abilities);
    }

    /// The kernels of staging in a shape.
    ///
    /// @throws farpage.opencl.ClBuildException with the compiler's log
    CopyKernels kernels(PageShape shape) {
        lock.lock();
        try {
            CopyKernels built = kernels.get(shape);
            if (built == null) {
                built = CopyKernels.build(context, device, shape);
                kernels.put(shape, built);
            }
            return built;
        } finally {
            lock.unlock();
        }
    }

    /// Gives everything back; engines that use it are closed.
    @Override
    public void close() {
        kernels.values().forEach(CopyKernels::close);
        kernels.clear();
    }
}
