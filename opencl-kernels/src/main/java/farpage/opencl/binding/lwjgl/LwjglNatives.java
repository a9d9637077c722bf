package farpage.opencl.binding.lwjgl;

import static farpage.opencl.binding.lwjgl.LwjglHandle.pointer;

import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.binding.NativeCl;
import farpage.opencl.binding.NativeHandle;
import farpage.opencl.binding.ObjectKind;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lwjgl.opencl.CL;
import org.lwjgl.opencl.CL10;
import org.lwjgl.opencl.CL11;
import org.lwjgl.opencl.CL12;
import org.lwjgl.opencl.CL20;
import org.lwjgl.opencl.CLCapabilities;
import org.lwjgl.system.Configuration;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.Platform;

/// OpenCL through LWJGL's functions that take addresses, whose cost per call is that of a downcall.
///
/// Small arguments live on LWJGL's thread-local stack, so an enqueue without event allocates
/// nothing.
///
/// @opencl OpenCL API, version 1.2
public final class LwjglNatives implements NativeCl {
    private static final long NULL = MemoryUtil.NULL;
    private static final int SUCCESS = CL10.CL_SUCCESS;
    private static final PrintStream SILENCE =
            new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);

    private final LwjglInfo info = new LwjglInfo();

    private LwjglNatives() {}

    /// Loads LWJGL and the OpenCL loader.
    ///
    /// LWJGL looks for `libOpenCL.so`, a link that only development packages have, so unless the
    /// user named a library (`-Dorg.lwjgl.opencl.libname`) the loader's own name is set here,
    /// before the class that loads it is touched. LWJGL's checks repeat what the port does, and its
    /// allocator is not used; both are switched off unless the user set them.
    ///
    /// @throws ClException when there is no OpenCL loader
    public static LwjglNatives load() {
        if (Platform.get() == Platform.LINUX) {
            setDefault(Configuration.OPENCL_LIBRARY_NAME, "libOpenCL.so.1");
        }
        setDefault(Configuration.DISABLE_CHECKS, true);
        setDefault(Configuration.MEMORY_ALLOCATOR, "system");
        if (!Configuration.DEBUG.get(false)) {
            setDefault(Configuration.DEBUG_STREAM, SILENCE);
        }
        try {
            requireVersion12(CL.getICD());
        } catch (UnsatisfiedLinkError | ExceptionInInitializerError | NoClassDefFoundError e) {
            throw new ClException(
                    ClError.PLATFORM_NOT_FOUND_KHR, "loading OpenCL with lwjgl", e.toString());
        }
        return new LwjglNatives();
    }

    /// With its checks off LWJGL would jump to a function that the loader does not have.
    private static void requireVersion12(CLCapabilities loader) {
        if (loader.clEnqueueFillBuffer == NULL
                || loader.clEnqueueMarkerWithWaitList == NULL
                || loader.clEnqueueBarrierWithWaitList == NULL) {
            throw new ClException(
                    ClError.PLATFORM_NOT_FOUND_KHR,
                    "loading OpenCL with lwjgl",
                    "the loader is older than OpenCL 1.2");
        }
    }

    private static <T> void setDefault(Configuration<? super T> option, T value) {
        if (option.get() == null) {
            option.set(value);
        }
    }

    @Override
    public String name() {
        return "lwjgl";
    }

    @Override
    public long hostMemoryLimit() {
        return Long.MAX_VALUE;
    }

    @Override
    public List<NativeHandle> platforms() {
        return info.platforms();
    }

    @Override
    public List<NativeHandle> devices(NativeHandle platform) {
        return info.devices(pointer(platform));
    }

    @Override
    public String platformText(NativeHandle platform, int parameter) {
        return info.platformText(pointer(platform), parameter);
    }

    @Override
    public String deviceText(NativeHandle device, int parameter) {
        return info.deviceText(pointer(device), parameter);
    }

    @Override
    public long deviceNumber(NativeHandle device, int parameter) {
        return info.deviceNumber(pointer(device), parameter);
    }

    @Override
    public NativeHandle createContext(NativeHandle platform, NativeHandle[] devices, int[] status) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long error = stack.nmalloc(Integer.BYTES);
            long properties = stack.nmalloc(Long.BYTES, 3 * Long.BYTES);
            MemoryUtil.memPutAddress(properties, CL10.CL_CONTEXT_PLATFORM);
            MemoryUtil.memPutAddress(properties + Long.BYTES, pointer(platform));
            MemoryUtil.memPutAddress(properties + 2 * Long.BYTES, NULL);
            long list = pointers(stack, devices);
            long context =
                    CL10.nclCreateContext(properties, devices.length, list, NULL, NULL, error);
            return created(context, error, status);
        }
    }

    @Override
    public NativeHandle createQueue(
            NativeHandle context, NativeHandle device, long properties, int[] status) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long error = stack.nmalloc(Integer.BYTES);
            long queue =
                    CL10.nclCreateCommandQueue(
                            pointer(context), pointer(device), properties, error);
            return created(queue, error, status);
        }
    }

    @Override
    public NativeHandle createBuffer(
            NativeHandle context,
            long flags,
            long size,
            @Nullable MemorySegment hostMemory,
            int[] status) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long error = stack.nmalloc(Integer.BYTES);
            long host = hostMemory == null ? NULL : hostMemory.address();
            long buffer = CL10.nclCreateBuffer(pointer(context), flags, size, host, error);
            return created(buffer, error, status);
        }
    }

    @Override
    public NativeHandle allocateSvm(NativeHandle context, long flags, long size, int[] status) {
        long memory = CL20.nclSVMAlloc(pointer(context), flags, size, 0);
        status[0] = memory == NULL ? CL10.CL_MEM_OBJECT_ALLOCATION_FAILURE : SUCCESS;
        return new LwjglHandle(memory);
    }

    @Override
    public MemorySegment svmMemory(NativeHandle allocation, long size) {
        long address = pointer(allocation);
        return MemorySegment.ofBuffer(MemoryUtil.memByteBuffer(address, Math.toIntExact(size)));
    }

    @Override
    public void freeSvm(NativeHandle context, NativeHandle allocation) {
        CL20.nclSVMFree(pointer(context), pointer(allocation));
    }

    @Override
    public NativeHandle createSubBuffer(NativeHandle buffer, long origin, long size, int[] status) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long error = stack.nmalloc(Integer.BYTES);
            long region = stack.nmalloc(Long.BYTES, 2 * Long.BYTES);
            MemoryUtil.memPutAddress(region, origin);
            MemoryUtil.memPutAddress(region + Long.BYTES, size);
            int type = CL11.CL_BUFFER_CREATE_TYPE_REGION;
            long part = CL11.nclCreateSubBuffer(pointer(buffer), 0, type, region, error);
            return created(part, error, status);
        }
    }

    @Override
    public NativeHandle createProgram(NativeHandle context, String source, int[] status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(ValueLayout.JAVA_INT);
            MemorySegment text = arena.allocateFrom(source);
            MemorySegment strings = arena.allocateFrom(ValueLayout.ADDRESS, text);
            long program =
                    CL10.nclCreateProgramWithSource(
                            pointer(context), 1, strings.address(), NULL, error.address());
            return created(program, error.address(), status);
        }
    }

    @Override
    public int buildProgram(NativeHandle program, NativeHandle[] devices, String options) {
        try (Arena arena = Arena.ofConfined();
                MemoryStack stack = MemoryStack.stackPush()) {
            long list = pointers(stack, devices);
            long text = arena.allocateFrom(options).address();
            return CL10.nclBuildProgram(pointer(program), devices.length, list, text, NULL, NULL);
        }
    }

    @Override
    public int buildStatus(NativeHandle program, NativeHandle device) {
        return info.buildStatus(pointer(program), pointer(device));
    }

    @Override
    public String buildLog(NativeHandle program, NativeHandle device) {
        return info.buildLog(pointer(program), pointer(device));
    }

    @Override
    public NativeHandle createKernel(NativeHandle program, String function, int[] status) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment error = arena.allocate(ValueLayout.JAVA_INT);
            long text = arena.allocateFrom(function).address();
            long kernel = CL10.nclCreateKernel(pointer(program), text, error.address());
            return created(kernel, error.address(), status);
        }
    }

    @Override
    public NativeHandle createUserEvent(NativeHandle context, int[] status) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long error = stack.nmalloc(Integer.BYTES);
            return created(CL11.nclCreateUserEvent(pointer(context), error), error, status);
        }
    }

    @Override
    public int setUserEventStatus(NativeHandle event, int executionStatus) {
        return CL11.clSetUserEventStatus(pointer(event), executionStatus);
    }

    @Override
    public int release(ObjectKind kind, NativeHandle object) {
        long pointer = pointer(object);
        return switch (kind) {
            case CONTEXT -> CL10.clReleaseContext(pointer);
            case QUEUE -> CL10.clReleaseCommandQueue(pointer);
            case BUFFER -> CL10.clReleaseMemObject(pointer);
            case SHARED_MEMORY -> throw new AssertionError("has a function of its own: " + kind);
            case PROGRAM -> CL10.clReleaseProgram(pointer);
            case KERNEL -> CL10.clReleaseKernel(pointer);
            case EVENT -> CL10.clReleaseEvent(pointer);
        };
    }

    @Override
    public int setArgumentBuffer(NativeHandle kernel, int index, NativeHandle buffer) {
        return setArgumentLong(kernel, index, pointer(buffer));
    }

    @Override
    public int setArgumentInt(NativeHandle kernel, int index, int value) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long argument = stack.nmalloc(Integer.BYTES);
            MemoryUtil.memPutInt(argument, value);
            return CL10.nclSetKernelArg(pointer(kernel), index, Integer.BYTES, argument);
        }
    }

    @Override
    public int setArgumentLong(NativeHandle kernel, int index, long value) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long argument = stack.nmalloc(Long.BYTES, Long.BYTES);
            MemoryUtil.memPutLong(argument, value);
            return CL10.nclSetKernelArg(pointer(kernel), index, Long.BYTES, argument);
        }
    }

    @Override
    public int setArgumentLocal(NativeHandle kernel, int index, long size) {
        return CL10.nclSetKernelArg(pointer(kernel), index, size, NULL);
    }

    @Override
    public long workGroupNumber(
            NativeHandle kernel, NativeHandle device, int parameter, int[] status) {
        return info.workGroupNumber(pointer(kernel), pointer(device), parameter, status);
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
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            int status =
                    CL10.nclEnqueueWriteBuffer(
                            pointer(queue),
                            pointer(buffer),
                            blocking ? 1 : 0,
                            offset,
                            size,
                            host.address() + hostOffset,
                            waitList.length,
                            pointers(stack, waitList),
                            stored);
            return keepEvent(status, stored, event);
        }
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
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            int status =
                    CL10.nclEnqueueReadBuffer(
                            pointer(queue),
                            pointer(buffer),
                            blocking ? 1 : 0,
                            offset,
                            size,
                            host.address() + hostOffset,
                            waitList.length,
                            pointers(stack, waitList),
                            stored);
            return keepEvent(status, stored, event);
        }
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
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            int status =
                    CL10.nclEnqueueCopyBuffer(
                            pointer(queue),
                            pointer(source),
                            pointer(target),
                            sourceOffset,
                            targetOffset,
                            size,
                            waitList.length,
                            pointers(stack, waitList),
                            stored);
            return keepEvent(status, stored, event);
        }
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
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            long bytes = stack.nmalloc(Long.BYTES, Long.BYTES);
            MemoryUtil.memPutLong(bytes, pattern);
            int status =
                    CL12.nclEnqueueFillBuffer(
                            pointer(queue),
                            pointer(buffer),
                            bytes,
                            patternSize,
                            offset,
                            size,
                            waitList.length,
                            pointers(stack, waitList),
                            stored);
            return keepEvent(status, stored, event);
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
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            long global = stack.nmalloc(Long.BYTES, Long.BYTES);
            MemoryUtil.memPutAddress(global, globalSize);
            long local = NULL;
            if (localSize != 0) {
                local = stack.nmalloc(Long.BYTES, Long.BYTES);
                MemoryUtil.memPutAddress(local, localSize);
            }
            int status =
                    CL10.nclEnqueueNDRangeKernel(
                            pointer(queue),
                            pointer(kernel),
                            1,
                            NULL,
                            global,
                            local,
                            waitList.length,
                            pointers(stack, waitList),
                            stored);
            return keepEvent(status, stored, event);
        }
    }

    @Override
    public int enqueueMarker(
            NativeHandle queue, NativeHandle[] waitList, NativeHandle @Nullable [] event) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            long waits = pointers(stack, waitList);
            int status =
                    CL12.nclEnqueueMarkerWithWaitList(
                            pointer(queue), waitList.length, waits, stored);
            return keepEvent(status, stored, event);
        }
    }

    @Override
    public int enqueueBarrier(
            NativeHandle queue, NativeHandle[] waitList, NativeHandle @Nullable [] event) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            long waits = pointers(stack, waitList);
            int status =
                    CL12.nclEnqueueBarrierWithWaitList(
                            pointer(queue), waitList.length, waits, stored);
            return keepEvent(status, stored, event);
        }
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
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            long error = stack.nmalloc(Integer.BYTES);
            long address =
                    CL10.nclEnqueueMapBuffer(
                            pointer(queue),
                            pointer(buffer),
                            0,
                            mapFlags,
                            offset,
                            size,
                            waitList.length,
                            pointers(stack, waitList),
                            stored,
                            error);
            status[0] = keepEvent(MemoryUtil.memGetInt(error), stored, event);
            if (status[0] != SUCCESS) {
                return MemorySegment.NULL;
            }
            ByteBuffer memory = MemoryUtil.memByteBuffer(address, Math.toIntExact(size));
            return MemorySegment.ofBuffer(memory);
        }
    }

    @Override
    public int enqueueUnmap(
            NativeHandle queue,
            NativeHandle buffer,
            MemorySegment mapped,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long stored = eventSlot(stack, event);
            int status =
                    CL10.nclEnqueueUnmapMemObject(
                            pointer(queue),
                            pointer(buffer),
                            mapped.address(),
                            waitList.length,
                            pointers(stack, waitList),
                            stored);
            return keepEvent(status, stored, event);
        }
    }

    @Override
    public int flush(NativeHandle queue) {
        return CL10.clFlush(pointer(queue));
    }

    @Override
    public int finish(NativeHandle queue) {
        return CL10.clFinish(pointer(queue));
    }

    @Override
    public int awaitEvent(NativeHandle event) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long list = stack.nmalloc(Long.BYTES, Long.BYTES);
            MemoryUtil.memPutAddress(list, pointer(event));
            return CL10.nclWaitForEvents(1, list);
        }
    }

    @Override
    public int executionStatus(NativeHandle event, int[] status) {
        return info.executionStatus(pointer(event), status);
    }

    @Override
    public int profilingTimes(NativeHandle event, long[] times) {
        return info.profilingTimes(pointer(event), times);
    }

    private static NativeHandle created(long pointer, long error, int[] status) {
        status[0] = MemoryUtil.memGetInt(error);
        return new LwjglHandle(pointer);
    }

    /// The handles as an array in native memory; no array for no handles, as OpenCL demands.
    private static long pointers(MemoryStack stack, NativeHandle[] handles) {
        if (handles.length == 0) {
            return NULL;
        }
        long list = stack.nmalloc(Long.BYTES, handles.length * Long.BYTES);
        for (int i = 0; i < handles.length; i++) {
            MemoryUtil.memPutAddress(list + (long) i * Long.BYTES, pointer(handles[i]));
        }
        return list;
    }

    private static long eventSlot(MemoryStack stack, NativeHandle @Nullable [] event) {
        return event == null ? NULL : stack.nmalloc(Long.BYTES, Long.BYTES);
    }

    private static int keepEvent(int status, long stored, NativeHandle @Nullable [] event) {
        if (status == SUCCESS && event != null) {
            event[0] = new LwjglHandle(MemoryUtil.memGetAddress(stored));
        }
        return status;
    }
}
