package farpage.opencl.binding.jocl;

import static farpage.opencl.binding.jocl.JoclHandle.buffer;
import static farpage.opencl.binding.jocl.JoclHandle.context;
import static farpage.opencl.binding.jocl.JoclHandle.device;
import static farpage.opencl.binding.jocl.JoclHandle.event;
import static farpage.opencl.binding.jocl.JoclHandle.events;
import static farpage.opencl.binding.jocl.JoclHandle.kernel;
import static farpage.opencl.binding.jocl.JoclHandle.program;
import static farpage.opencl.binding.jocl.JoclHandle.queue;

import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.binding.NativeCl;
import farpage.opencl.binding.NativeHandle;
import farpage.opencl.binding.ObjectKind;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.List;
import org.jocl.CL;
import org.jocl.Pointer;
import org.jocl.Sizeof;
import org.jocl.cl_buffer_region;
import org.jocl.cl_context_properties;
import org.jocl.cl_event;
import org.jspecify.annotations.Nullable;

/// OpenCL through JOCL.
///
/// JOCL names host memory by Java buffers, so one call covers less than 2 GiB. It keeps the buffer
/// of a non-blocking transfer alive with a task on a thread of its own that waits for the transfer;
/// so with this library one large transfer costs far less than many small ones.
///
/// @opencl OpenCL API, version 1.2
public final class JoclNatives implements NativeCl {
    private static final long HOST_MEMORY_LIMIT = 1L << 30;

    private final JoclInfo info = new JoclInfo();

    private JoclNatives() {}

    /// Loads JOCL and with it the OpenCL loader.
    ///
    /// @throws ClException when there is no OpenCL loader
    public static JoclNatives load() {
        try {
            CL.setExceptionsEnabled(false);
        } catch (UnsatisfiedLinkError | ExceptionInInitializerError | NoClassDefFoundError e) {
            throw new ClException(
                    ClError.PLATFORM_NOT_FOUND_KHR, "loading OpenCL with jocl", e.toString());
        }
        return new JoclNatives();
    }

    @Override
    public String name() {
        return "jocl";
    }

    @Override
    public long hostMemoryLimit() {
        return HOST_MEMORY_LIMIT;
    }

    @Override
    public List<NativeHandle> platforms() {
        return info.platforms();
    }

    @Override
    public List<NativeHandle> devices(NativeHandle platform) {
        return info.devices(JoclHandle.platform(platform));
    }

    @Override
    public String platformText(NativeHandle platform, int parameter) {
        return info.platformText(JoclHandle.platform(platform), parameter);
    }

    @Override
    public String deviceText(NativeHandle device, int parameter) {
        return info.deviceText(device(device), parameter);
    }

    @Override
    public long deviceNumber(NativeHandle device, int parameter) {
        return info.deviceNumber(device(device), parameter);
    }

    @Override
    public NativeHandle createContext(NativeHandle platform, NativeHandle[] devices, int[] status) {
        cl_context_properties properties = new cl_context_properties();
        properties.addProperty(CL.CL_CONTEXT_PLATFORM, JoclHandle.platform(platform));
        return new JoclHandle(
                CL.clCreateContext(
                        properties,
                        devices.length,
                        JoclHandle.devices(devices),
                        null,
                        null,
                        status));
    }

    @Override
    @SuppressWarnings("deprecation") // its successor needs OpenCL 2.0
    public NativeHandle createQueue(
            NativeHandle context, NativeHandle device, long properties, int[] status) {
        return new JoclHandle(
                CL.clCreateCommandQueue(context(context), device(device), properties, status));
    }

    @Override
    public NativeHandle createBuffer(
            NativeHandle context,
            long flags,
            long size,
            @Nullable MemorySegment hostMemory,
            int[] status) {
        Pointer host = hostMemory == null ? null : pointer(hostMemory, 0, size);
        return new JoclHandle(CL.clCreateBuffer(context(context), flags, size, host, status));
    }

    @Override
    public NativeHandle allocateSvm(NativeHandle context, long flags, long size, int[] status) {
        @Nullable Pointer memory = CL.clSVMAlloc(context(context), flags, size, 0);
        status[0] = memory == null ? CL.CL_MEM_OBJECT_ALLOCATION_FAILURE : CL.CL_SUCCESS;
        return new JoclHandle(memory);
    }

    @Override
    public MemorySegment svmMemory(NativeHandle allocation, long size) {
        return MemorySegment.ofBuffer(JoclHandle.memory(allocation).getByteBuffer(0, size));
    }

    @Override
    public void freeSvm(NativeHandle context, NativeHandle allocation) {
        CL.clSVMFree(context(context), JoclHandle.memory(allocation));
    }

    @Override
    public NativeHandle createSubBuffer(NativeHandle buffer, long origin, long size, int[] status) {
        cl_buffer_region region = new cl_buffer_region(origin, size);
        return new JoclHandle(
                CL.clCreateSubBuffer(
                        buffer(buffer), 0, CL.CL_BUFFER_CREATE_TYPE_REGION, region, status));
    }

    @Override
    public NativeHandle createProgram(NativeHandle context, String source, int[] status) {
        String[] strings = {source};
        return new JoclHandle(
                CL.clCreateProgramWithSource(context(context), 1, strings, null, status));
    }

    @Override
    public int buildProgram(NativeHandle program, NativeHandle[] devices, String options) {
        return CL.clBuildProgram(
                program(program), devices.length, JoclHandle.devices(devices), options, null, null);
    }

    @Override
    public int buildStatus(NativeHandle program, NativeHandle device) {
        return info.buildStatus(program(program), device(device));
    }

    @Override
    public String buildLog(NativeHandle program, NativeHandle device) {
        return info.buildLog(program(program), device(device));
    }

    @Override
    public NativeHandle createKernel(NativeHandle program, String function, int[] status) {
        return new JoclHandle(CL.clCreateKernel(program(program), function, status));
    }

    @Override
    public NativeHandle createUserEvent(NativeHandle context, int[] status) {
        return new JoclHandle(CL.clCreateUserEvent(context(context), status));
    }

    @Override
    public int setUserEventStatus(NativeHandle event, int executionStatus) {
        return CL.clSetUserEventStatus(event(event), executionStatus);
    }

    @Override
    public int release(ObjectKind kind, NativeHandle object) {
        return switch (kind) {
            case CONTEXT -> CL.clReleaseContext(context(object));
            case QUEUE -> CL.clReleaseCommandQueue(queue(object));
            case BUFFER -> CL.clReleaseMemObject(buffer(object));
            case SHARED_MEMORY -> throw new AssertionError("has a function of its own: " + kind);
            case PROGRAM -> CL.clReleaseProgram(program(object));
            case KERNEL -> CL.clReleaseKernel(kernel(object));
            case EVENT -> CL.clReleaseEvent(event(object));
        };
    }

    @Override
    public int setArgumentBuffer(NativeHandle kernel, int index, NativeHandle buffer) {
        Pointer value = Pointer.to(buffer(buffer));
        return CL.clSetKernelArg(kernel(kernel), index, Sizeof.cl_mem, value);
    }

    @Override
    public int setArgumentInt(NativeHandle kernel, int index, int value) {
        Pointer pointer = Pointer.to(new int[] {value});
        return CL.clSetKernelArg(kernel(kernel), index, Integer.BYTES, pointer);
    }

    @Override
    public int setArgumentLong(NativeHandle kernel, int index, long value) {
        Pointer pointer = Pointer.to(new long[] {value});
        return CL.clSetKernelArg(kernel(kernel), index, Long.BYTES, pointer);
    }

    @Override
    public int setArgumentLocal(NativeHandle kernel, int index, long size) {
        return CL.clSetKernelArg(kernel(kernel), index, size, null);
    }

    @Override
    public long workGroupNumber(
            NativeHandle kernel, NativeHandle device, int parameter, int[] status) {
        return info.workGroupNumber(kernel(kernel), device(device), parameter, status);
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
        cl_event stored = eventSlot(event);
        int status =
                CL.clEnqueueWriteBuffer(
                        queue(queue),
                        buffer(buffer),
                        blocking,
                        offset,
                        size,
                        pointer(host, hostOffset, size),
                        waitList.length,
                        events(waitList),
                        stored);
        return keepEvent(status, stored, event);
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
        cl_event stored = eventSlot(event);
        int status =
                CL.clEnqueueReadBuffer(
                        queue(queue),
                        buffer(buffer),
                        blocking,
                        offset,
                        size,
                        pointer(host, hostOffset, size),
                        waitList.length,
                        events(waitList),
                        stored);
        return keepEvent(status, stored, event);
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
        cl_event stored = eventSlot(event);
        int status =
                CL.clEnqueueCopyBuffer(
                        queue(queue),
                        buffer(source),
                        buffer(target),
                        sourceOffset,
                        targetOffset,
                        size,
                        waitList.length,
                        events(waitList),
                        stored);
        return keepEvent(status, stored, event);
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
        cl_event stored = eventSlot(event);
        int status =
                CL.clEnqueueFillBuffer(
                        queue(queue),
                        buffer(buffer),
                        Pointer.to(new long[] {pattern}),
                        patternSize,
                        offset,
                        size,
                        waitList.length,
                        events(waitList),
                        stored);
        return keepEvent(status, stored, event);
    }

    @Override
    public int enqueueKernel(
            NativeHandle queue,
            NativeHandle kernel,
            long globalSize,
            long localSize,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        cl_event stored = eventSlot(event);
        int status =
                CL.clEnqueueNDRangeKernel(
                        queue(queue),
                        kernel(kernel),
                        1,
                        null,
                        new long[] {globalSize},
                        localSize == 0 ? null : new long[] {localSize},
                        waitList.length,
                        events(waitList),
                        stored);
        return keepEvent(status, stored, event);
    }

    @Override
    public int enqueueMarker(
            NativeHandle queue, NativeHandle[] waitList, NativeHandle @Nullable [] event) {
        cl_event stored = eventSlot(event);
        int status =
                CL.clEnqueueMarkerWithWaitList(
                        queue(queue), waitList.length, events(waitList), stored);
        return keepEvent(status, stored, event);
    }

    @Override
    public int enqueueBarrier(
            NativeHandle queue, NativeHandle[] waitList, NativeHandle @Nullable [] event) {
        cl_event stored = eventSlot(event);
        int status =
                CL.clEnqueueBarrierWithWaitList(
                        queue(queue), waitList.length, events(waitList), stored);
        return keepEvent(status, stored, event);
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
        cl_event stored = new cl_event();
        ByteBuffer memory =
                CL.clEnqueueMapBuffer(
                        queue(queue),
                        buffer(buffer),
                        false,
                        mapFlags,
                        offset,
                        size,
                        waitList.length,
                        events(waitList),
                        stored,
                        status);
        if (status[0] != CL.CL_SUCCESS) {
            return MemorySegment.NULL;
        }
        event[0] = new JoclHandle(stored);
        return MemorySegment.ofBuffer(memory);
    }

    @Override
    public int enqueueUnmap(
            NativeHandle queue,
            NativeHandle buffer,
            MemorySegment mapped,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event) {
        cl_event stored = eventSlot(event);
        int status =
                CL.clEnqueueUnmapMemObject(
                        queue(queue),
                        buffer(buffer),
                        mapped.asByteBuffer(),
                        waitList.length,
                        events(waitList),
                        stored);
        return keepEvent(status, stored, event);
    }

    @Override
    public int flush(NativeHandle queue) {
        return CL.clFlush(queue(queue));
    }

    @Override
    public int finish(NativeHandle queue) {
        return CL.clFinish(queue(queue));
    }

    @Override
    public int awaitEvent(NativeHandle event) {
        return CL.clWaitForEvents(1, new cl_event[] {event(event)});
    }

    @Override
    public int executionStatus(NativeHandle event, int[] status) {
        return info.executionStatus(event(event), status);
    }

    @Override
    public int profilingTimes(NativeHandle event, long[] times) {
        return info.profilingTimes(event(event), times);
    }

    /// A part of a segment as JOCL names memory.
    private static Pointer pointer(MemorySegment segment, long offset, long size) {
        return Pointer.to(segment.asSlice(offset, size).asByteBuffer());
    }

    private static @Nullable cl_event eventSlot(NativeHandle @Nullable [] event) {
        return event == null ? null : new cl_event();
    }

    private static int keepEvent(
            int status, @Nullable cl_event stored, NativeHandle @Nullable [] event) {
        if (status == CL.CL_SUCCESS && event != null) {
            event[0] = new JoclHandle(stored);
        }
        return status;
    }
}
