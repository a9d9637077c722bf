package farpage.opencl.binding;

import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The OpenCL functions as one Java library offers them: nothing is checked, nothing is remembered.
///
/// Functions that can fail return the status code, or store it in `status[0]` when they return an
/// object; the object is then meaningless. A wait list may be empty. Where `event` is not null, its
/// first element receives the command's event; where it is null none is made. Host memory is
/// off-heap and lies within the segment; the callers have seen to it.
///
/// @opencl OpenCL API, version 1.2; shared virtual memory of 2.0
public interface NativeCl {
    /// The library's name.
    String name();

    /// The most host memory that one call can name; larger transfers are split.
    long hostMemoryLimit();

    /// clGetPlatformIDs; empty when the loader knows no platform.
    List<NativeHandle> platforms();

    /// clGetDeviceIDs with CL_DEVICE_TYPE_ALL; empty when there is none.
    List<NativeHandle> devices(NativeHandle platform);

    /// clGetPlatformInfo for a text.
    String platformText(NativeHandle platform, int parameter);

    /// clGetDeviceInfo for a text.
    String deviceText(NativeHandle device, int parameter);

    /// clGetDeviceInfo for a number of 4 or 8 bytes, without sign.
    long deviceNumber(NativeHandle device, int parameter);

    /// clCreateContext.
    NativeHandle createContext(NativeHandle platform, NativeHandle[] devices, int[] status);

    /// clCreateCommandQueue.
    NativeHandle createQueue(
            NativeHandle context, NativeHandle device, long properties, int[] status);

    /// clCreateBuffer.
    NativeHandle createBuffer(
            NativeHandle context,
            long flags,
            long size,
            @Nullable MemorySegment hostMemory,
            int[] status);

    /// clSVMAlloc with the alignment of the largest type. Only where a device has SVM.
    NativeHandle allocateSvm(NativeHandle context, long flags, long size, int[] status);

    /// What [#allocateSvm] allocated, as memory of the host.
    MemorySegment svmMemory(NativeHandle allocation, long size);

    /// clSVMFree.
    void freeSvm(NativeHandle context, NativeHandle allocation);

    /// clCreateSubBuffer with CL_BUFFER_CREATE_TYPE_REGION.
    NativeHandle createSubBuffer(NativeHandle buffer, long origin, long size, int[] status);

    /// clCreateProgramWithSource.
    NativeHandle createProgram(NativeHandle context, String source, int[] status);

    /// clBuildProgram for the given devices, waiting for it.
    int buildProgram(NativeHandle program, NativeHandle[] devices, String options);

    /// clGetProgramBuildInfo, CL_PROGRAM_BUILD_STATUS.
    int buildStatus(NativeHandle program, NativeHandle device);

    /// clGetProgramBuildInfo, CL_PROGRAM_BUILD_LOG.
    String buildLog(NativeHandle program, NativeHandle device);

    /// clCreateKernel.
    NativeHandle createKernel(NativeHandle program, String function, int[] status);

    /// clCreateUserEvent.
    NativeHandle createUserEvent(NativeHandle context, int[] status);

    /// clSetUserEventStatus.
    int setUserEventStatus(NativeHandle event, int executionStatus);

    /// The clRelease function of the kind.
    int release(ObjectKind kind, NativeHandle object);

    /// clSetKernelArg with a memory object.
    int setArgumentBuffer(NativeHandle kernel, int index, NativeHandle buffer);

    /// clSetKernelArg with four bytes.
    int setArgumentInt(NativeHandle kernel, int index, int value);

    /// clSetKernelArg with eight bytes.
    int setArgumentLong(NativeHandle kernel, int index, long value);

    /// clSetKernelArg with a size and no value.
    int setArgumentLocal(NativeHandle kernel, int index, long size);

    /// clGetKernelWorkGroupInfo for a size_t.
    long workGroupNumber(NativeHandle kernel, NativeHandle device, int parameter, int[] status);

    /// clEnqueueWriteBuffer.
    int enqueueWrite(
            NativeHandle queue,
            NativeHandle buffer,
            boolean blocking,
            long offset,
            MemorySegment host,
            long hostOffset,
            long size,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event);

    /// clEnqueueReadBuffer.
    int enqueueRead(
            NativeHandle queue,
            NativeHandle buffer,
            boolean blocking,
            long offset,
            MemorySegment host,
            long hostOffset,
            long size,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event);

    /// clEnqueueCopyBuffer.
    int enqueueCopy(
            NativeHandle queue,
            NativeHandle source,
            NativeHandle target,
            long sourceOffset,
            long targetOffset,
            long size,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event);

    /// clEnqueueFillBuffer.
    int enqueueFill(
            NativeHandle queue,
            NativeHandle buffer,
            long pattern,
            int patternSize,
            long offset,
            long size,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event);

    /// clEnqueueNDRangeKernel in one dimension; a local size of 0 means none given.
    int enqueueKernel(
            NativeHandle queue,
            NativeHandle kernel,
            long globalSize,
            long localSize,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event);

    /// clEnqueueMarkerWithWaitList.
    int enqueueMarker(NativeHandle queue, NativeHandle[] waitList, NativeHandle @Nullable [] event);

    /// clEnqueueBarrierWithWaitList.
    int enqueueBarrier(
            NativeHandle queue, NativeHandle[] waitList, NativeHandle @Nullable [] event);

    /// clEnqueueMapBuffer, not blocking.
    MemorySegment enqueueMap(
            NativeHandle queue,
            NativeHandle buffer,
            long mapFlags,
            long offset,
            long size,
            NativeHandle[] waitList,
            NativeHandle[] event,
            int[] status);

    /// clEnqueueUnmapMemObject, with the segment that [#enqueueMap] returned.
    int enqueueUnmap(
            NativeHandle queue,
            NativeHandle buffer,
            MemorySegment mapped,
            NativeHandle[] waitList,
            NativeHandle @Nullable [] event);

    /// clFlush.
    int flush(NativeHandle queue);

    /// clFinish.
    int finish(NativeHandle queue);

    /// clWaitForEvents for one event.
    int awaitEvent(NativeHandle event);

    /// CL_EVENT_COMMAND_EXECUTION_STATUS.
    int executionStatus(NativeHandle event, int[] status);

    /// CL_PROFILING_COMMAND_QUEUED, SUBMIT, START and END into `times`, in that order.
    int profilingTimes(NativeHandle event, long[] times);
}
