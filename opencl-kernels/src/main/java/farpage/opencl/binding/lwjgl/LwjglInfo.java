package farpage.opencl.binding.lwjgl;

import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.binding.NativeHandle;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import org.lwjgl.opencl.CL10;
import org.lwjgl.system.MemoryStack;
import org.lwjgl.system.MemoryUtil;

/// The questions that OpenCL answers into memory: numbers, texts and lists of objects.
///
/// @opencl The clGet...Info functions
final class LwjglInfo {
    private static final long NULL = MemoryUtil.NULL;
    private static final long ALL_DEVICES = 0xFFFFFFFFL;

    /// One clGet...Info function with its object and parameter bound.
    private interface Query {
        int get(long size, long value, long sizeReturned);
    }

    /// A clGet...IDs function.
    private interface ListQuery {
        int get(int count, long values, long countReturned);
    }

    List<NativeHandle> platforms() {
        return list("clGetPlatformIDs", ClError.PLATFORM_NOT_FOUND_KHR, CL10::nclGetPlatformIDs);
    }

    List<NativeHandle> devices(long platform) {
        return list(
                "clGetDeviceIDs",
                ClError.DEVICE_NOT_FOUND,
                (count, values, returned) ->
                        CL10.nclGetDeviceIDs(platform, ALL_DEVICES, count, values, returned));
    }

    String platformText(long platform, int parameter) {
        return text(
                "clGetPlatformInfo",
                (size, value, returned) ->
                        CL10.nclGetPlatformInfo(platform, parameter, size, value, returned));
    }

    String deviceText(long device, int parameter) {
        return text(
                "clGetDeviceInfo",
                (size, value, returned) ->
                        CL10.nclGetDeviceInfo(device, parameter, size, value, returned));
    }

    long deviceNumber(long device, int parameter) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long value = number(stack);
            check(
                    CL10.nclGetDeviceInfo(device, parameter, Long.BYTES, value, NULL),
                    "clGetDeviceInfo");
            return MemoryUtil.memGetLong(value);
        }
    }

    int buildStatus(long program, long device) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long value = number(stack);
            int parameter = CL10.CL_PROGRAM_BUILD_STATUS;
            check(
                    CL10.nclGetProgramBuildInfo(
                            program, device, parameter, Integer.BYTES, value, NULL),
                    "clGetProgramBuildInfo");
            return MemoryUtil.memGetInt(value);
        }
    }

    String buildLog(long program, long device) {
        return text(
                "clGetProgramBuildInfo",
                (size, value, returned) ->
                        CL10.nclGetProgramBuildInfo(
                                program, device, CL10.CL_PROGRAM_BUILD_LOG, size, value, returned));
    }

    long workGroupNumber(long kernel, long device, int parameter, int[] status) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long value = number(stack);
            status[0] =
                    CL10.nclGetKernelWorkGroupInfo(
                            kernel, device, parameter, Long.BYTES, value, NULL);
            return MemoryUtil.memGetLong(value);
        }
    }

    int executionStatus(long event, int[] status) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long value = number(stack);
            int parameter = CL10.CL_EVENT_COMMAND_EXECUTION_STATUS;
            status[0] = CL10.nclGetEventInfo(event, parameter, Integer.BYTES, value, NULL);
            return MemoryUtil.memGetInt(value);
        }
    }

    int profilingTimes(long event, long[] times) {
        try (MemoryStack stack = MemoryStack.stackPush()) {
            long value = number(stack);
            for (int i = 0; i < times.length; i++) {
                int parameter = CL10.CL_PROFILING_COMMAND_QUEUED + i;
                int status =
                        CL10.nclGetEventProfilingInfo(event, parameter, Long.BYTES, value, NULL);
                if (status != CL10.CL_SUCCESS) {
                    return status;
                }
                times[i] = MemoryUtil.memGetLong(value);
            }
            return CL10.CL_SUCCESS;
        }
    }

    /// Eight bytes of zero, so that an answer of four is a number without sign.
    private static long number(MemoryStack stack) {
        long value = stack.nmalloc(Long.BYTES, Long.BYTES);
        MemoryUtil.memPutLong(value, 0);
        return value;
    }

    private static List<NativeHandle> list(String call, ClError none, ListQuery query) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            int status = query.get(0, NULL, count.address());
            if (status == none.code()) {
                return List.of();
            }
            check(status, call);
            int length = count.get(ValueLayout.JAVA_INT, 0);
            if (length == 0) {
                return List.of();
            }
            MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, length);
            check(query.get(length, values.address(), NULL), call);
            List<NativeHandle> handles = new ArrayList<>(length);
            for (int i = 0; i < length; i++) {
                handles.add(new LwjglHandle(values.getAtIndex(ValueLayout.JAVA_LONG, i)));
            }
            return handles;
        }
    }

    private static String text(String call, Query query) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(ValueLayout.JAVA_LONG);
            check(query.get(0, NULL, size.address()), call);
            long length = size.get(ValueLayout.JAVA_LONG, 0);
            if (length == 0) {
                return "";
            }
            MemorySegment text = arena.allocate(length + 1);
            check(query.get(length, text.address(), NULL), call);
            return text.getString(0);
        }
    }

    private static void check(int status, String call) {
        if (status != CL10.CL_SUCCESS) {
            throw new ClException(ClError.of(status), call, "");
        }
    }
}
