package farpage.opencl.binding.jocl;

import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.binding.NativeHandle;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jocl.CL;
import org.jocl.NativePointerObject;
import org.jocl.Pointer;
import org.jocl.cl_device_id;
import org.jocl.cl_event;
import org.jocl.cl_kernel;
import org.jocl.cl_platform_id;
import org.jocl.cl_program;
import org.jspecify.annotations.Nullable;

/// The questions that OpenCL answers into memory: numbers, texts and lists of objects.
///
/// @opencl The clGet...Info functions
final class JoclInfo {
    /// One clGet...Info function with its object and parameter bound.
    private interface Query {
        int get(long size, @Nullable Pointer value, long @Nullable [] sizeReturned);
    }

    List<NativeHandle> platforms() {
        int[] count = new int[1];
        int status = CL.clGetPlatformIDs(0, null, count);
        if (status == ClError.PLATFORM_NOT_FOUND_KHR.code()) {
            return List.of();
        }
        check(status, "clGetPlatformIDs");
        cl_platform_id[] platforms = new cl_platform_id[count[0]];
        if (count[0] != 0) {
            check(CL.clGetPlatformIDs(count[0], platforms, null), "clGetPlatformIDs");
        }
        return handles(platforms);
    }

    List<NativeHandle> devices(cl_platform_id platform) {
        int[] count = new int[1];
        int status = CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, 0, null, count);
        if (status == ClError.DEVICE_NOT_FOUND.code()) {
            return List.of();
        }
        check(status, "clGetDeviceIDs");
        cl_device_id[] devices = new cl_device_id[count[0]];
        if (count[0] != 0) {
            check(
                    CL.clGetDeviceIDs(platform, CL.CL_DEVICE_TYPE_ALL, count[0], devices, null),
                    "clGetDeviceIDs");
        }
        return handles(devices);
    }

    private static List<NativeHandle> handles(NativePointerObject[] objects) {
        List<NativeHandle> handles = new ArrayList<>(objects.length);
        for (NativePointerObject object : objects) {
            handles.add(new JoclHandle(object));
        }
        return handles;
    }

    String platformText(cl_platform_id platform, int parameter) {
        return text(
                "clGetPlatformInfo",
                (size, value, returned) ->
                        CL.clGetPlatformInfo(platform, parameter, size, value, returned));
    }

    String deviceText(cl_device_id device, int parameter) {
        return text(
                "clGetDeviceInfo",
                (size, value, returned) ->
                        CL.clGetDeviceInfo(device, parameter, size, value, returned));
    }

    long deviceNumber(cl_device_id device, int parameter) {
        long[] value = new long[1];
        Pointer pointer = Pointer.to(value);
        check(CL.clGetDeviceInfo(device, parameter, Long.BYTES, pointer, null), "clGetDeviceInfo");
        return value[0];
    }

    int buildStatus(cl_program program, cl_device_id device) {
        int[] value = new int[1];
        Pointer pointer = Pointer.to(value);
        int parameter = CL.CL_PROGRAM_BUILD_STATUS;
        check(
                CL.clGetProgramBuildInfo(program, device, parameter, Integer.BYTES, pointer, null),
                "clGetProgramBuildInfo");
        return value[0];
    }

    String buildLog(cl_program program, cl_device_id device) {
        return text(
                "clGetProgramBuildInfo",
                (size, value, returned) ->
                        CL.clGetProgramBuildInfo(
                                program, device, CL.CL_PROGRAM_BUILD_LOG, size, value, returned));
    }

    long workGroupNumber(cl_kernel kernel, cl_device_id device, int parameter, int[] status) {
        long[] value = new long[1];
        Pointer pointer = Pointer.to(value);
        status[0] =
                CL.clGetKernelWorkGroupInfo(kernel, device, parameter, Long.BYTES, pointer, null);
        return value[0];
    }

    int executionStatus(cl_event event, int[] status) {
        int[] value = new int[1];
        Pointer pointer = Pointer.to(value);
        int parameter = CL.CL_EVENT_COMMAND_EXECUTION_STATUS;
        status[0] = CL.clGetEventInfo(event, parameter, Integer.BYTES, pointer, null);
        return value[0];
    }

    int profilingTimes(cl_event event, long[] times) {
        long[] value = new long[1];
        Pointer pointer = Pointer.to(value);
        for (int i = 0; i < times.length; i++) {
            int parameter = CL.CL_PROFILING_COMMAND_QUEUED + i;
            int status = CL.clGetEventProfilingInfo(event, parameter, Long.BYTES, pointer, null);
            if (status != CL.CL_SUCCESS) {
                return status;
            }
            times[i] = value[0];
        }
        return CL.CL_SUCCESS;
    }

    /// A text without the zero byte that OpenCL counts.
    private static String text(String call, Query query) {
        long[] size = new long[1];
        check(query.get(0, null, size), call);
        if (size[0] == 0) {
            return "";
        }
        byte[] bytes = new byte[Math.toIntExact(size[0])];
        check(query.get(bytes.length, Pointer.to(bytes), null), call);
        int length = 0;
        while (length < bytes.length && bytes[length] != 0) {
            length++;
        }
        return new String(bytes, 0, length, StandardCharsets.UTF_8);
    }

    private static void check(int status, String call) {
        if (status != CL.CL_SUCCESS) {
            throw new ClException(ClError.of(status), call, "");
        }
    }
}
