package farpage.opencl.binding;

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
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A context and the list of what was created in it.
///
/// @opencl cl_context
final class NativeContext extends NativeObject implements ClContext {
    private static final int BUILD_ERROR = -2;

    /// CL_MEM_READ_WRITE and CL_MEM_SVM_FINE_GRAIN_BUFFER.
    private static final long SVM_FLAGS = 1L | 1L << 10;

    private final List<NativeDevice> devices;
    private final OpenObjects children = new OpenObjects();

    NativeContext(NativeCl cl, NativeHandle handle, List<NativeDevice> devices) {
        OpenObjects alone = new OpenObjects();
        super(cl, ObjectKind.CONTEXT, handle, alone);
        this.devices = devices;
        alone.add(this);
    }

    OpenObjects children() {
        return children;
    }

    @Override
    public List<ClDevice> devices() {
        return List.copyOf(devices);
    }

    /// The device as ours, when it is one of this context.
    NativeDevice device(ClDevice device) {
        if (!(device instanceof NativeDevice ours) || !devices.contains(ours)) {
            throw Arguments.foreign("device", device, this);
        }
        return ours;
    }

    @Override
    public ClQueue createQueue(ClDevice device, ClQueueProperty... properties) {
        NativeDevice ours = device(device);
        long bits = ClQueueProperty.bits(properties);
        int[] status = new int[1];
        NativeHandle queue = cl().createQueue(handle(), ours.handle(), bits, status);
        check(status, "clCreateCommandQueue", "device " + ours);
        return track(new NativeQueue(this, queue, ours, bits));
    }

    @Override
    public ClBuffer createBuffer(long size, ClMemoryFlag... flags) {
        long bits = ClMemoryFlag.bits(flags);
        if ((bits & (ClMemoryFlag.USE_HOST_PTR.bit() | ClMemoryFlag.COPY_HOST_PTR.bit())) != 0) {
            throw new IllegalArgumentException(
                    "createBuffer: flags=" + List.of(flags) + ", limit=none for host memory");
        }
        if (size <= 0) {
            throw new IllegalArgumentException("createBuffer: size=" + size + ", limit=1");
        }
        return createBuffer(size, bits, null);
    }

    @Override
    public ClBuffer createBuffer(MemorySegment hostMemory, ClMemoryFlag... flags) {
        long bits = ClMemoryFlag.bits(flags);
        if ((bits & (ClMemoryFlag.USE_HOST_PTR.bit() | ClMemoryFlag.COPY_HOST_PTR.bit())) == 0) {
            throw new IllegalArgumentException(
                    "createBuffer: flags="
                            + List.of(flags)
                            + ", limit=USE_HOST_PTR or COPY_HOST_PTR");
        }
        Arguments.offHeap(hostMemory);
        long size = hostMemory.byteSize();
        if (size <= 0 || size > cl().hostMemoryLimit()) {
            throw new IllegalArgumentException(
                    "createBuffer: hostMemory=" + size + ", limit=" + cl().hostMemoryLimit());
        }
        return createBuffer(size, bits, hostMemory);
    }

    @Override
    public long hostMemoryMax() {
        return cl().hostMemoryLimit();
    }

    private NativeBuffer createBuffer(long size, long bits, @Nullable MemorySegment hostMemory) {
        int[] status = new int[1];
        NativeHandle buffer = cl().createBuffer(handle(), bits, size, hostMemory, status);
        check(status, "clCreateBuffer", size + " bytes, flags " + bits);
        return track(new NativeBuffer(this, buffer, size, bits, hostMemory));
    }

    @Override
    public ClSharedMemory createSharedMemory(long size) {
        if (size <= 0 || size > ClSharedMemory.SIZE_MAX) {
            throw new IllegalArgumentException(
                    "createSharedMemory: size=" + size + ", limit=1 to " + ClSharedMemory.SIZE_MAX);
        }
        for (NativeDevice device : devices) {
            if (!device.info().fineGrainSvm()) {
                throw new IllegalArgumentException(
                        "createSharedMemory: device=" + device + ", limit=fine-grained buffer SVM");
            }
        }
        int[] status = new int[1];
        NativeHandle allocation = cl().allocateSvm(handle(), SVM_FLAGS, size, status);
        check(status, "clSVMAlloc", size + " bytes");
        boolean complete = false;
        try {
            MemorySegment memory = cl().svmMemory(allocation, size);
            long bits = ClMemoryFlag.bits(ClMemoryFlag.READ_WRITE, ClMemoryFlag.USE_HOST_PTR);
            NativeBuffer buffer = createBuffer(size, bits, memory);
            complete = true;
            return track(new NativeSharedMemory(this, allocation, memory, buffer));
        } finally {
            if (!complete) {
                cl().freeSvm(handle(), allocation);
            }
        }
    }

    @Override
    public ClProgram buildProgram(String name, String source, String options) {
        int[] status = new int[1];
        NativeHandle program = cl().createProgram(handle(), source, status);
        check(status, "clCreateProgramWithSource", name);
        NativeHandle[] handles = new NativeHandle[devices.size()];
        for (int i = 0; i < handles.length; i++) {
            handles[i] = devices.get(i).handle();
        }
        int built = cl().buildProgram(program, handles, options);
        if (built == 0) {
            return track(new NativeProgram(this, program, name));
        }
        try {
            throw buildFailure(built, name, program);
        } finally {
            int released = cl().release(ObjectKind.PROGRAM, program);
            assert released == 0 : ClError.of(released);
        }
    }

    /// The failure with the log of the first device whose compiler refused the program.
    private ClException buildFailure(int built, String name, NativeHandle program) {
        ClError error = ClError.of(built);
        if (!error.equals(ClError.BUILD_PROGRAM_FAILURE)) {
            return new ClException(error, "clBuildProgram", name + " on " + this);
        }
        for (NativeDevice device : devices) {
            if (cl().buildStatus(program, device.handle()) == BUILD_ERROR) {
                String log = cl().buildLog(program, device.handle());
                return new ClBuildException(error, name, device.toString(), log);
            }
        }
        return new ClBuildException(error, name, devices.toString(), "");
    }

    @Override
    public ClUserEvent createUserEvent() {
        int[] status = new int[1];
        NativeHandle event = cl().createUserEvent(handle(), status);
        check(status, "clCreateUserEvent", toString());
        return track(new NativeUserEvent(this, event));
    }

    @Override
    public List<String> openObjects() {
        return children.describe();
    }

    /// Enters a new object into the list of the open ones.
    <T extends NativeObject> T track(T object) {
        children.add(object);
        return object;
    }

    static void check(int[] status, String call, String detail) {
        if (status[0] != 0) {
            throw new ClException(ClError.of(status[0]), call, detail);
        }
    }

    @Override
    String detail() {
        return devices.stream().map(NativeDevice::toString).collect(Collectors.joining(", "));
    }
}
