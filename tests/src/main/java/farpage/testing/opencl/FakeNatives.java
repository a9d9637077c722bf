package farpage.testing.opencl;

import farpage.opencl.ClError;
import farpage.opencl.ClMapMode;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.binding.NativeCl;
import farpage.opencl.binding.NativeHandle;
import farpage.opencl.binding.ObjectKind;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// OpenCL's functions over Java memory, see [FakeClBinding].
///
/// @opencl OpenCL API, version 1.2
final class FakeNatives implements NativeCl {
    static final long ALIGNMENT = 128;
    static final long MAX_WORK_GROUP_SIZE = 1024;

    private static final Pattern ERROR_LINE = Pattern.compile("(?m)^\\s*#error (.*)$");
    private static final String GROUP_OPTION = "-DFARPAGE_GROUP_PER_PAGE";
    private static final byte POISON = (byte) 0xA5;

    private final long hostMemoryLimit;
    private final FakeScheduler scheduler;
    private final FakeObject.Platform platform = new FakeObject.Platform();
    private final List<FakeObject.Device> devices;

    FakeNatives(FakeClBinding.Execution execution, long hostMemoryLimit, List<FakeDevice> devices) {
        this.hostMemoryLimit = hostMemoryLimit;
        this.scheduler = new FakeScheduler(execution);
        this.devices = devices.stream().map(FakeObject.Device::new).toList();
    }

    @Override
    public String name() {
        return "fake";
    }

    @Override
    public long hostMemoryLimit() {
        return hostMemoryLimit;
    }

    @Override
    public List<NativeHandle> platforms() {
        return List.of(platform);
    }

    @Override
    public List<NativeHandle> devices(NativeHandle platform) {
        return List.copyOf(devices);
    }

    @Override
    public String platformText(NativeHandle platform, int parameter) {
        return parameter == 0x0901 ? "OpenCL 1.2 fake" : "Farpage fake";
    }

    @Override
    public String deviceText(NativeHandle device, int parameter) {
        return ((FakeObject.Device) device).description.text(parameter);
    }

    @Override
    public long deviceNumber(NativeHandle device, int parameter) {
        return ((FakeObject.Device) device).description.number(parameter);
    }

    @Override
    public NativeHandle createContext(NativeHandle platform, NativeHandle[] devices, int[] status) {
        return new FakeObject.Context(
                Arrays.stream(devices).map(FakeObject.Device.class::cast).toList());
    }

    @Override
    public NativeHandle createQueue(
            NativeHandle context, NativeHandle device, long properties, int[] status) {
        return new FakeObject.Queue(properties);
    }

    @Override
    public NativeHandle createBuffer(
            NativeHandle context,
            long flags,
            long size,
            @Nullable MemorySegment hostMemory,
            int[] status) {
        FakeObject.Context owner = (FakeObject.Context) context;
        boolean useHost = has(flags, ClMemoryFlag.USE_HOST_PTR);
        status[0] = scheduler.guarded(() -> allocate(owner, flags, size, useHost));
        if (status[0] != 0) {
            return owner;
        }
        if (useHost && hostMemory != null) {
            return new FakeObject.Buffer(owner, hostMemory, flags, null);
        }
        MemorySegment memory = Arena.ofAuto().allocate(size, ALIGNMENT);
        if (hostMemory != null) {
            memory.copyFrom(hostMemory);
        } else {
            memory.fill(POISON);
        }
        return new FakeObject.Buffer(owner, memory, flags, null);
    }

    private static int allocate(
            FakeObject.Context context, long flags, long size, boolean useHost) {
        long device = flags & 7;
        long host = (flags >> 7) & 7;
        boolean both = useHost && (flags & (ClMemoryFlag.ALLOC_HOST_PTR.bit() * 3)) != 0;
        if (Long.bitCount(device) > 1 || Long.bitCount(host) > 1 || both) {
            return ClError.INVALID_VALUE.code();
        }
        if (size > context.maxAllocation()) {
            return ClError.INVALID_BUFFER_SIZE.code();
        }
        if (context.allocated + size > context.memory()) {
            return ClError.MEM_OBJECT_ALLOCATION_FAILURE.code();
        }
        context.allocated += size;
        return 0;
    }

    @Override
    public NativeHandle allocateSvm(NativeHandle context, long flags, long size, int[] status) {
        FakeObject.Context owner = (FakeObject.Context) context;
        if (size > owner.maxAllocation()) {
            status[0] = ClError.MEM_OBJECT_ALLOCATION_FAILURE.code();
        }
        MemorySegment memory = Arena.ofAuto().allocate(size, ALIGNMENT);
        memory.fill(POISON);
        return new FakeObject.SharedMemory(memory);
    }

    @Override
    public MemorySegment svmMemory(NativeHandle allocation, long size) {
        return ((FakeObject.SharedMemory) allocation).memory;
    }

    @Override
    public void freeSvm(NativeHandle context, NativeHandle allocation) {
        FakeObject.SharedMemory freed = (FakeObject.SharedMemory) allocation;
        scheduler.guarded(() -> release(freed));
        freed.memory.fill(POISON);
    }

    @Override
    public NativeHandle createSubBuffer(NativeHandle buffer, long origin, long size, int[] status) {
        FakeObject.Buffer whole = (FakeObject.Buffer) buffer;
        if (whole.whole != null) {
            status[0] = ClError.INVALID_MEM_OBJECT.code();
            return buffer;
        }
        if (origin % ALIGNMENT != 0) {
            status[0] = ClError.MISALIGNED_SUB_BUFFER_OFFSET.code();
            return buffer;
        }
        scheduler.guarded(() -> ++whole.handles);
        MemorySegment part = whole.memory.asSlice(origin, size);
        return new FakeObject.Buffer(whole.context, part, whole.flags, whole);
    }

    @Override
    public NativeHandle createProgram(NativeHandle context, String source, int[] status) {
        return new FakeObject.Program(source);
    }

    @Override
    public int buildProgram(NativeHandle program, NativeHandle[] devices, String options) {
        FakeObject.Program built = (FakeObject.Program) program;
        built.options = options;
        Matcher error = ERROR_LINE.matcher(built.source);
        if (error.find()) {
            built.log = "error: " + error.group(1);
            built.failed = true;
            return ClError.BUILD_PROGRAM_FAILURE.code();
        }
        return 0;
    }

    @Override
    public int buildStatus(NativeHandle program, NativeHandle device) {
        return ((FakeObject.Program) program).failed ? -2 : 0;
    }

    @Override
    public String buildLog(NativeHandle program, NativeHandle device) {
        return ((FakeObject.Program) program).log;
    }

    @Override
    public NativeHandle createKernel(NativeHandle program, String function, int[] status) {
        FakeObject.Program built = (FakeObject.Program) program;
        Optional<FakeKernels> twin = FakeKernels.lookup(function);
        if (twin.isEmpty() || !built.source.contains("__kernel void " + function + "(")) {
            status[0] = ClError.INVALID_KERNEL_NAME.code();
            return program;
        }
        boolean group = built.options.contains(GROUP_OPTION);
        return new FakeObject.Kernel(twin.get(), twin.get().signature(group), group);
    }

    @Override
    public NativeHandle createUserEvent(NativeHandle context, int[] status) {
        return new FakeObject.Event(true, false);
    }

    @Override
    public int setUserEventStatus(NativeHandle event, int executionStatus) {
        return scheduler.complete((FakeObject.Event) event, executionStatus);
    }

    @Override
    public int release(ObjectKind kind, NativeHandle object) {
        return scheduler.guarded(() -> release((FakeObject) object));
    }

    private static int release(FakeObject object) {
        if (object.released) {
            throw new AssertionError("released twice: " + object);
        }
        object.released = true;
        if (object instanceof FakeObject.Buffer buffer) {
            FakeObject.Buffer whole = buffer.whole == null ? buffer : buffer.whole;
            whole.handles--;
            if (whole.handles == 0) {
                whole.context.allocated -= whole.memory.byteSize();
            }
        }
        return 0;
    }

    @Override
    public int setArgumentBuffer(NativeHandle kernel, int index, NativeHandle buffer) {
        return setArgument(kernel, index, 'B', buffer);
    }

    @Override
    public int setArgumentInt(NativeHandle kernel, int index, int value) {
        return setArgument(kernel, index, 'I', value);
    }

    @Override
    public int setArgumentLong(NativeHandle kernel, int index, long value) {
        return setArgument(kernel, index, 'L', value);
    }

    @Override
    public int setArgumentLocal(NativeHandle kernel, int index, long size) {
        return setArgument(kernel, index, 'X', size);
    }

    private static int setArgument(NativeHandle handle, int index, char kind, Object value) {
        FakeObject.Kernel kernel = (FakeObject.Kernel) handle;
        if (index < 0 || index >= kernel.signature.length()) {
            return ClError.INVALID_ARG_INDEX.code();
        }
        if (kernel.signature.charAt(index) != kind) {
            return ClError.INVALID_ARG_SIZE.code();
        }
        kernel.arguments[index] = value;
        return 0;
    }

    @Override
    public long workGroupNumber(
            NativeHandle kernel, NativeHandle device, int parameter, int[] status) {
        return parameter == 0x11B0 ? MAX_WORK_GROUP_SIZE : 1;
    }

    @Override
    public int enqueueWrite(
            NativeHandle queue,
            NativeHandle buffer,
            boolean blocking,
            long offset,
            MemorySegment host,
            long hostOffset,
            long size,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        FakeObject.Buffer target = (FakeObject.Buffer) buffer;
        if (!hostMay(target, ClMemoryFlag.HOST_READ_ONLY)) {
            return ClError.INVALID_OPERATION.code();
        }
        return transfer(
                queue,
                blocking,
                waitList,
                event,
                host.asSlice(hostOffset, size),
                target.memory.asSlice(offset, size));
    }

    @Override
    public int enqueueRead(
            NativeHandle queue,
            NativeHandle buffer,
            boolean blocking,
            long offset,
            MemorySegment host,
            long hostOffset,
            long size,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        FakeObject.Buffer source = (FakeObject.Buffer) buffer;
        if (!hostMay(source, ClMemoryFlag.HOST_WRITE_ONLY)) {
            return ClError.INVALID_OPERATION.code();
        }
        return transfer(
                queue,
                blocking,
                waitList,
                event,
                source.memory.asSlice(offset, size),
                host.asSlice(hostOffset, size));
    }

    private int transfer(
            NativeHandle queue,
            boolean blocking,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event,
            MemorySegment source,
            MemorySegment target) {
        NativeHandle[] stored = new NativeHandle[1];
        enqueue(queue, waitList, stored, () -> target.copyFrom(source));
        if (event != null) {
            event[0] = stored[0];
        }
        return blocking ? scheduler.await((FakeObject.Event) stored[0]) : 0;
    }

    @Override
    public int enqueueCopy(
            NativeHandle queue,
            NativeHandle source,
            NativeHandle target,
            long sourceOffset,
            long targetOffset,
            long size,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        MemorySegment from = ((FakeObject.Buffer) source).memory.asSlice(sourceOffset, size);
        MemorySegment to = ((FakeObject.Buffer) target).memory.asSlice(targetOffset, size);
        if (from.asOverlappingSlice(to).isPresent()) {
            return ClError.MEM_COPY_OVERLAP.code();
        }
        return enqueue(queue, waitList, event, () -> to.copyFrom(from));
    }

    @Override
    public int enqueueFill(
            NativeHandle queue,
            NativeHandle buffer,
            long pattern,
            int patternSize,
            long offset,
            long size,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        MemorySegment target = ((FakeObject.Buffer) buffer).memory.asSlice(offset, size);
        return enqueue(queue, waitList, event, () -> fill(target, pattern, patternSize));
    }

    private static void fill(MemorySegment target, long pattern, int patternSize) {
        for (long i = 0; i < target.byteSize(); i++) {
            int shift = (int) (i % patternSize) * Byte.SIZE;
            target.set(ValueLayout.JAVA_BYTE, i, (byte) (pattern >>> shift));
        }
    }

    @Override
    public int enqueueKernel(
            NativeHandle queue,
            NativeHandle kernel,
            long globalSize,
            long localSize,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        FakeObject.Kernel launched = (FakeObject.Kernel) kernel;
        Object[] arguments = new Object[launched.arguments.length];
        for (int i = 0; i < arguments.length; i++) {
            Object argument = launched.arguments[i];
            if (argument == null) {
                return ClError.INVALID_KERNEL_ARGS.code();
            }
            arguments[i] = argument;
        }
        if (localSize > MAX_WORK_GROUP_SIZE) {
            return ClError.INVALID_WORK_GROUP_SIZE.code();
        }
        FakeKernels twin = launched.twin;
        int items = twin.itemsOf(globalSize, localSize, launched.groupPerPage);
        return enqueue(
                queue,
                waitList,
                event,
                () -> twin.run(new FakeKernels.Arguments(List.of(arguments)), items));
    }

    @Override
    public int enqueueMarker(
            NativeHandle queue, NativeHandle[] waitList, NativeHandle @Nullable [] event) {
        return scheduler.enqueue(
                queue, FakeScheduler.Order.MARKER, waitList, event, FakeNatives::nothing);
    }

    @Override
    public int enqueueBarrier(
            NativeHandle queue, NativeHandle[] waitList, NativeHandle @Nullable [] event) {
        return scheduler.enqueue(
                queue, FakeScheduler.Order.BARRIER, waitList, event, FakeNatives::nothing);
    }

    private static void nothing() {
        // A marker has no work of its own.
    }

    @Override
    public MemorySegment enqueueMap(
            NativeHandle queue,
            NativeHandle buffer,
            long mapFlags,
            long offset,
            long size,
            NativeHandle[] waitList,
            NativeHandle[] event,
            int[] status) {
        FakeObject.Buffer mapped = (FakeObject.Buffer) buffer;
        if (has(mapped.flags, ClMemoryFlag.HOST_NO_ACCESS)) {
            status[0] = ClError.INVALID_OPERATION.code();
            return MemorySegment.NULL;
        }
        MemorySegment part = mapped.memory.asSlice(offset, size);
        boolean direct = has(mapped.flags, ClMemoryFlag.USE_HOST_PTR);
        MemorySegment host = direct ? part : Arena.ofAuto().allocate(size, ALIGNMENT);
        if (!direct) {
            host.fill(POISON);
        }
        boolean writes = mapFlags != ClMapMode.READ.bits();
        boolean reads = mapFlags != ClMapMode.WRITE_INVALIDATE.bits() && !direct;
        scheduler.guarded(() -> {
            FakeObject.Mapped entry = new FakeObject.Mapped(part, host, writes && !direct);
            mapped.mapped.put(host.address(), entry);
            return 0;
        });
        status[0] =
                enqueue(
                        queue,
                        waitList,
                        event,
                        () -> {
                            if (reads) {
                                host.copyFrom(part);
                            }
                        });
        return host;
    }

    @Override
    public int enqueueUnmap(
            NativeHandle queue,
            NativeHandle buffer,
            MemorySegment mapped,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        FakeObject.Buffer target = (FakeObject.Buffer) buffer;
        return enqueue(
                queue,
                waitList,
                event,
                () -> {
                    FakeObject.Mapped entry = target.mapped.remove(mapped.address());
                    if (entry == null) {
                        throw new AssertionError("not mapped: " + mapped);
                    }
                    if (entry.writes()) {
                        entry.part().copyFrom(entry.host());
                    }
                });
    }

    @Override
    public int flush(NativeHandle queue) {
        return 0;
    }

    @Override
    public int finish(NativeHandle queue) {
        return scheduler.finish((FakeObject.Queue) queue);
    }

    @Override
    public int awaitEvent(NativeHandle event) {
        return scheduler.await((FakeObject.Event) event);
    }

    @Override
    public int executionStatus(NativeHandle event, int[] status) {
        return scheduler.status((FakeObject.Event) event);
    }

    @Override
    public int profilingTimes(NativeHandle event, long[] times) {
        return scheduler.profilingTimes((FakeObject.Event) event, times);
    }

    private int enqueue(
            NativeHandle queue,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event,
            Runnable body) {
        return scheduler.enqueue(queue, FakeScheduler.Order.PLAIN, waitList, event, body);
    }

    /// Whether the host may do what a flag forbids.
    private static boolean hostMay(FakeObject.Buffer buffer, ClMemoryFlag forbidding) {
        return !has(buffer.flags, forbidding) && !has(buffer.flags, ClMemoryFlag.HOST_NO_ACCESS);
    }

    private static boolean has(long flags, ClMemoryFlag flag) {
        return (flags & flag.bit()) != 0;
    }
}
