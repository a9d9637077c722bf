package farpage.emulator.copy;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.opencl.ClBuildException;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClDeviceType;
import farpage.opencl.ClException;
import farpage.opencl.kernel.CopyPages;
import farpage.opencl.kernel.PageShape;
import java.lang.foreign.MemorySegment;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// An OpenCL device as the copy engines see it, shared by all of one context: what it was found to
/// be able to do, the kernels for that, and the machine's RAM.
///
/// What it can do is tried when it is opened. Kernels are built when a plan first asks for them.
///
/// @opencl cl_context, cl_program
public final class CopyDevice implements AutoCloseable {
    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final ClContext context;
    private final ClDevice device;
    private final MemorySegment ram;
    private CopyAbilities abilities = CopyAbilities.NONE;
    private HostWindows windows = HostWindows.NONE;
    private @Nullable Machine nodesOf;

    /// One bit for each node that is this device's memory.
    private long nodes;

    private final Map<PageShape, CopyKernels> kernels = new EnumMap<>(PageShape.class);
    private final Map<CopyMethod, CopyPages> programs = new EnumMap<>(CopyMethod.class);

    private CopyDevice(ClContext context, ClDevice device, MemorySegment ram) {
        this.context = context;
        this.device = device;
        this.ram = ram;
    }

    /// Finds out what the device can do.
    ///
    /// @param context that everything is made in; it stays the caller's
    /// @param ram the machine's memory; it stays mapped until this is closed
    /// @throws ClException if the device fails at what every device can do
    public static CopyDevice open(ClContext context, ClDevice device, MemorySegment ram) {
        return open(context, device, ram, windowSizeMax(context, device));
    }

    /// The most bytes of RAM that one buffer of the device may have.
    public static long windowSizeMax(ClContext context, ClDevice device) {
        return HostWindows.sizeMax(context, device);
    }

    /// The same with RAM in buffers of at most that many bytes.
    public static CopyDevice open(
            ClContext context, ClDevice device, MemorySegment ram, long windowSizeMax) {
        CopyDevice opened = new CopyDevice(context, device, ram);
        boolean complete = false;
        try {
            opened.probe(windowSizeMax);
            complete = true;
            return opened;
        } finally {
            if (!complete) {
                opened.close();
            }
        }
    }

    /// A device that is treated as one with memory of its own, whatever it could do.
    public static CopyDevice openApart(ClContext context, ClDevice device, MemorySegment ram) {
        return new CopyDevice(context, device, ram);
    }

    private void probe(long windowSizeMax) {
        CopyMethod method = CopyMethod.IN_PLACE_ITEM_NT;
        try {
            CopyPages _ = program(method);
        } catch (ClBuildException e) {
            method = CopyMethod.IN_PLACE_ITEM; // its compiler has no such stores
        }
        boolean inPlace =
                InPlaceProbe.holds(context, device, program(method)) && openWindows(windowSizeMax);
        boolean isProcessor = device.info().type() == ClDeviceType.CPU;
        abilities = new CopyAbilities(inPlace, inPlace && isProcessor, method.isNonTemporal());
    }

    /// @return false if the device can not have all of RAM
    private boolean openWindows(long sizeMax) {
        try {
            windows = HostWindows.open(context, ram, sizeMax);
            return true;
        } catch (ClException e) {
            if (e.error().isOutOfMemory()) {
                return false;
            }
            throw e;
        }
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

    /// Says that a node is memory of this device, which uses it in place. Before anything runs.
    public void addNode(Machine machine, int node) {
        assert abilities.usesHostMemory();
        nodesOf = machine;
        nodes |= 1L << node;
    }

    /// Whether a page is of a node that is memory of this device.
    public boolean ownsNodeOf(long page) {
        Machine machine = nodesOf;
        return machine != null
                && !Page.isDevice(page)
                && (nodes >> machine.numa().node(page) & 1) != 0;
    }

    /// Where pages of the machine's memory lie in buffers of this device, which uses them in place.
    public PageBuffers systemPages() {
        return windows;
    }

    /// RAM as buffers; none unless the device uses RAM in place.
    HostWindows windows() {
        return windows;
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

    /// The program of a method in place.
    ///
    /// @throws farpage.opencl.ClBuildException with the compiler's log
    CopyPages program(CopyMethod method) {
        lock.lock();
        try {
            CopyPages built = programs.get(method);
            if (built == null) {
                PageShape shape = method.shape().orElseThrow();
                built = new CopyPages(context, device, shape, method.isNonTemporal());
                programs.put(method, built);
            }
            return built;
        } finally {
            lock.unlock();
        }
    }

    /// Gives everything back; engines that use it are closed.
    @Override
    public void close() {
        windows.close();
        windows = HostWindows.NONE;
        kernels.values().forEach(CopyKernels::close);
        kernels.clear();
        programs.values().forEach(CopyPages::close);
        programs.clear();
    }
}
