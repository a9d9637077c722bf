package farpage.opencl;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// An error code of OpenCL with its name.
///
/// The constants are every code of the specification and its registered extensions, also those that
/// only the loader, a sharing extension or one vendor returns: a driver may answer with any of
/// them. Some vendors' codes have the same number as a KHR extension's; then [#name] is the latter
/// and [#aliases] the others. It is a class and not an enum because drivers also return codes that
/// nobody registered: [#of] gives those a value too, which prints as a number. There is one object
/// for each known code, so constants may be compared with `==`.
///
/// @opencl Error codes, OpenCL specification appendix B and the extension registry
public final class ClError {
    private static final Map<Integer, ClError> KNOWN = new HashMap<>();

    // OpenCL 1.0 to 3.0: the runtime's errors
    public static final ClError SUCCESS = define(0, "CL_SUCCESS");
    public static final ClError DEVICE_NOT_FOUND = define(-1, "CL_DEVICE_NOT_FOUND");
    public static final ClError DEVICE_NOT_AVAILABLE = define(-2, "CL_DEVICE_NOT_AVAILABLE");
    public static final ClError COMPILER_NOT_AVAILABLE = define(-3, "CL_COMPILER_NOT_AVAILABLE");
    public static final ClError MEM_OBJECT_ALLOCATION_FAILURE =
            define(-4, "CL_MEM_OBJECT_ALLOCATION_FAILURE");
    public static final ClError OUT_OF_RESOURCES = define(-5, "CL_OUT_OF_RESOURCES");
    public static final ClError OUT_OF_HOST_MEMORY = define(-6, "CL_OUT_OF_HOST_MEMORY");
    public static final ClError PROFILING_INFO_NOT_AVAILABLE =
            define(-7, "CL_PROFILING_INFO_NOT_AVAILABLE");
    public static final ClError MEM_COPY_OVERLAP = define(-8, "CL_MEM_COPY_OVERLAP");
    public static final ClError IMAGE_FORMAT_MISMATCH = define(-9, "CL_IMAGE_FORMAT_MISMATCH");
    public static final ClError IMAGE_FORMAT_NOT_SUPPORTED =
            define(-10, "CL_IMAGE_FORMAT_NOT_SUPPORTED");
    public static final ClError BUILD_PROGRAM_FAILURE = define(-11, "CL_BUILD_PROGRAM_FAILURE");
    public static final ClError MAP_FAILURE = define(-12, "CL_MAP_FAILURE");
    public static final ClError MISALIGNED_SUB_BUFFER_OFFSET =
            define(-13, "CL_MISALIGNED_SUB_BUFFER_OFFSET");
    public static final ClError EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST =
            define(-14, "CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST");
    public static final ClError COMPILE_PROGRAM_FAILURE = define(-15, "CL_COMPILE_PROGRAM_FAILURE");
    public static final ClError LINKER_NOT_AVAILABLE = define(-16, "CL_LINKER_NOT_AVAILABLE");
    public static final ClError LINK_PROGRAM_FAILURE = define(-17, "CL_LINK_PROGRAM_FAILURE");
    public static final ClError DEVICE_PARTITION_FAILED = define(-18, "CL_DEVICE_PARTITION_FAILED");
    public static final ClError KERNEL_ARG_INFO_NOT_AVAILABLE =
            define(-19, "CL_KERNEL_ARG_INFO_NOT_AVAILABLE");

    // OpenCL 1.0 to 3.0: wrong use
    public static final ClError INVALID_VALUE = define(-30, "CL_INVALID_VALUE");
    public static final ClError INVALID_DEVICE_TYPE = define(-31, "CL_INVALID_DEVICE_TYPE");
    public static final ClError INVALID_PLATFORM = define(-32, "CL_INVALID_PLATFORM");
    public static final ClError INVALID_DEVICE = define(-33, "CL_INVALID_DEVICE");
    public static final ClError INVALID_CONTEXT = define(-34, "CL_INVALID_CONTEXT");
    public static final ClError INVALID_QUEUE_PROPERTIES =
            define(-35, "CL_INVALID_QUEUE_PROPERTIES");
    public static final ClError INVALID_COMMAND_QUEUE = define(-36, "CL_INVALID_COMMAND_QUEUE");
    public static final ClError INVALID_HOST_PTR = define(-37, "CL_INVALID_HOST_PTR");
    public static final ClError INVALID_MEM_OBJECT = define(-38, "CL_INVALID_MEM_OBJECT");
    public static final ClError INVALID_IMAGE_FORMAT_DESCRIPTOR =
            define(-39, "CL_INVALID_IMAGE_FORMAT_DESCRIPTOR");
    public static final ClError INVALID_IMAGE_SIZE = define(-40, "CL_INVALID_IMAGE_SIZE");
    public static final ClError INVALID_SAMPLER = define(-41, "CL_INVALID_SAMPLER");
    public static final ClError INVALID_BINARY = define(-42, "CL_INVALID_BINARY");
    public static final ClError INVALID_BUILD_OPTIONS = define(-43, "CL_INVALID_BUILD_OPTIONS");
    public static final ClError INVALID_PROGRAM = define(-44, "CL_INVALID_PROGRAM");
    public static final ClError INVALID_PROGRAM_EXECUTABLE =
            define(-45, "CL_INVALID_PROGRAM_EXECUTABLE");
    public static final ClError INVALID_KERNEL_NAME = define(-46, "CL_INVALID_KERNEL_NAME");
    public static final ClError INVALID_KERNEL_DEFINITION =
            define(-47, "CL_INVALID_KERNEL_DEFINITION");
    public static final ClError INVALID_KERNEL = define(-48, "CL_INVALID_KERNEL");
    public static final ClError INVALID_ARG_INDEX = define(-49, "CL_INVALID_ARG_INDEX");
    public static final ClError INVALID_ARG_VALUE = define(-50, "CL_INVALID_ARG_VALUE");
    public static final ClError INVALID_ARG_SIZE = define(-51, "CL_INVALID_ARG_SIZE");
    public static final ClError INVALID_KERNEL_ARGS = define(-52, "CL_INVALID_KERNEL_ARGS");
    public static final ClError INVALID_WORK_DIMENSION = define(-53, "CL_INVALID_WORK_DIMENSION");
    public static final ClError INVALID_WORK_GROUP_SIZE = define(-54, "CL_INVALID_WORK_GROUP_SIZE");
    public static final ClError INVALID_WORK_ITEM_SIZE = define(-55, "CL_INVALID_WORK_ITEM_SIZE");
    public static final ClError INVALID_GLOBAL_OFFSET = define(-56, "CL_INVALID_GLOBAL_OFFSET");
    public static final ClError INVALID_EVENT_WAIT_LIST = define(-57, "CL_INVALID_EVENT_WAIT_LIST");
    public static final ClError INVALID_EVENT = define(-58, "CL_INVALID_EVENT");
    public static final ClError INVALID_OPERATION = define(-59, "CL_INVALID_OPERATION");
    public static final ClError INVALID_GL_OBJECT = define(-60, "CL_INVALID_GL_OBJECT");
    public static final ClError INVALID_BUFFER_SIZE = define(-61, "CL_INVALID_BUFFER_SIZE");
    public static final ClError INVALID_MIP_LEVEL = define(-62, "CL_INVALID_MIP_LEVEL");
    public static final ClError INVALID_GLOBAL_WORK_SIZE =
            define(-63, "CL_INVALID_GLOBAL_WORK_SIZE");
    public static final ClError INVALID_PROPERTY = define(-64, "CL_INVALID_PROPERTY");
    public static final ClError INVALID_IMAGE_DESCRIPTOR =
            define(-65, "CL_INVALID_IMAGE_DESCRIPTOR");
    public static final ClError INVALID_COMPILER_OPTIONS =
            define(-66, "CL_INVALID_COMPILER_OPTIONS");
    public static final ClError INVALID_LINKER_OPTIONS = define(-67, "CL_INVALID_LINKER_OPTIONS");
    public static final ClError INVALID_DEVICE_PARTITION_COUNT =
            define(-68, "CL_INVALID_DEVICE_PARTITION_COUNT");
    public static final ClError INVALID_PIPE_SIZE = define(-69, "CL_INVALID_PIPE_SIZE");
    public static final ClError INVALID_DEVICE_QUEUE = define(-70, "CL_INVALID_DEVICE_QUEUE");
    public static final ClError INVALID_SPEC_ID = define(-71, "CL_INVALID_SPEC_ID");
    public static final ClError MAX_SIZE_RESTRICTION_EXCEEDED =
            define(-72, "CL_MAX_SIZE_RESTRICTION_EXCEEDED");

    // Extensions; the loader's own is PLATFORM_NOT_FOUND_KHR
    public static final ClError INVALID_GL_SHAREGROUP_REFERENCE_KHR =
            define(-1000, "CL_INVALID_GL_SHAREGROUP_REFERENCE_KHR", "CL_INVALID_GL_CONTEXT_APPLE");
    public static final ClError PLATFORM_NOT_FOUND_KHR = define(-1001, "CL_PLATFORM_NOT_FOUND_KHR");
    public static final ClError INVALID_D3D10_DEVICE_KHR =
            define(-1002, "CL_INVALID_D3D10_DEVICE_KHR", "CL_INVALID_D3D10_DEVICE_NV");
    public static final ClError INVALID_D3D10_RESOURCE_KHR =
            define(-1003, "CL_INVALID_D3D10_RESOURCE_KHR", "CL_INVALID_D3D10_RESOURCE_NV");
    public static final ClError D3D10_RESOURCE_ALREADY_ACQUIRED_KHR =
            define(
                    -1004,
                    "CL_D3D10_RESOURCE_ALREADY_ACQUIRED_KHR",
                    "CL_D3D10_RESOURCE_ALREADY_ACQUIRED_NV");
    public static final ClError D3D10_RESOURCE_NOT_ACQUIRED_KHR =
            define(
                    -1005,
                    "CL_D3D10_RESOURCE_NOT_ACQUIRED_KHR",
                    "CL_D3D10_RESOURCE_NOT_ACQUIRED_NV");
    public static final ClError INVALID_D3D11_DEVICE_KHR =
            define(-1006, "CL_INVALID_D3D11_DEVICE_KHR", "CL_INVALID_D3D11_DEVICE_NV");
    public static final ClError INVALID_D3D11_RESOURCE_KHR =
            define(-1007, "CL_INVALID_D3D11_RESOURCE_KHR", "CL_INVALID_D3D11_RESOURCE_NV");
    public static final ClError D3D11_RESOURCE_ALREADY_ACQUIRED_KHR =
            define(
                    -1008,
                    "CL_D3D11_RESOURCE_ALREADY_ACQUIRED_KHR",
                    "CL_D3D11_RESOURCE_ALREADY_ACQUIRED_NV");
    public static final ClError D3D11_RESOURCE_NOT_ACQUIRED_KHR =
            define(
                    -1009,
                    "CL_D3D11_RESOURCE_NOT_ACQUIRED_KHR",
                    "CL_D3D11_RESOURCE_NOT_ACQUIRED_NV");
    public static final ClError INVALID_DX9_MEDIA_ADAPTER_KHR =
            define(
                    -1010,
                    "CL_INVALID_DX9_MEDIA_ADAPTER_KHR",
                    "CL_INVALID_D3D9_DEVICE_NV",
                    "CL_INVALID_DX9_DEVICE_INTEL");
    public static final ClError INVALID_DX9_MEDIA_SURFACE_KHR =
            define(
                    -1011,
                    "CL_INVALID_DX9_MEDIA_SURFACE_KHR",
                    "CL_INVALID_D3D9_RESOURCE_NV",
                    "CL_INVALID_DX9_RESOURCE_INTEL");
    public static final ClError DX9_MEDIA_SURFACE_ALREADY_ACQUIRED_KHR =
            define(
                    -1012,
                    "CL_DX9_MEDIA_SURFACE_ALREADY_ACQUIRED_KHR",
                    "CL_D3D9_RESOURCE_ALREADY_ACQUIRED_NV",
                    "CL_DX9_RESOURCE_ALREADY_ACQUIRED_INTEL");
    public static final ClError DX9_MEDIA_SURFACE_NOT_ACQUIRED_KHR =
            define(
                    -1013,
                    "CL_DX9_MEDIA_SURFACE_NOT_ACQUIRED_KHR",
                    "CL_D3D9_RESOURCE_NOT_ACQUIRED_NV",
                    "CL_DX9_RESOURCE_NOT_ACQUIRED_INTEL");
    public static final ClError DEVICE_PARTITION_FAILED_EXT =
            define(-1057, "CL_DEVICE_PARTITION_FAILED_EXT");
    public static final ClError INVALID_PARTITION_COUNT_EXT =
            define(-1058, "CL_INVALID_PARTITION_COUNT_EXT");
    public static final ClError INVALID_PARTITION_NAME_EXT =
            define(-1059, "CL_INVALID_PARTITION_NAME_EXT");
    public static final ClError EGL_RESOURCE_NOT_ACQUIRED_KHR =
            define(-1092, "CL_EGL_RESOURCE_NOT_ACQUIRED_KHR");
    public static final ClError INVALID_EGL_OBJECT_KHR = define(-1093, "CL_INVALID_EGL_OBJECT_KHR");
    public static final ClError INVALID_ACCELERATOR_INTEL =
            define(-1094, "CL_INVALID_ACCELERATOR_INTEL");
    public static final ClError INVALID_ACCELERATOR_TYPE_INTEL =
            define(-1095, "CL_INVALID_ACCELERATOR_TYPE_INTEL");
    public static final ClError INVALID_ACCELERATOR_DESCRIPTOR_INTEL =
            define(-1096, "CL_INVALID_ACCELERATOR_DESCRIPTOR_INTEL");
    public static final ClError ACCELERATOR_TYPE_NOT_SUPPORTED_INTEL =
            define(-1097, "CL_ACCELERATOR_TYPE_NOT_SUPPORTED_INTEL");
    public static final ClError INVALID_VA_API_MEDIA_ADAPTER_INTEL =
            define(-1098, "CL_INVALID_VA_API_MEDIA_ADAPTER_INTEL");
    public static final ClError INVALID_VA_API_MEDIA_SURFACE_INTEL =
            define(-1099, "CL_INVALID_VA_API_MEDIA_SURFACE_INTEL");
    public static final ClError VA_API_MEDIA_SURFACE_ALREADY_ACQUIRED_INTEL =
            define(-1100, "CL_VA_API_MEDIA_SURFACE_ALREADY_ACQUIRED_INTEL");
    public static final ClError VA_API_MEDIA_SURFACE_NOT_ACQUIRED_INTEL =
            define(-1101, "CL_VA_API_MEDIA_SURFACE_NOT_ACQUIRED_INTEL");
    public static final ClError COMMAND_TERMINATED_ITSELF_WITH_FAILURE_ARM =
            define(-1108, "CL_COMMAND_TERMINATED_ITSELF_WITH_FAILURE_ARM");
    public static final ClError CONTEXT_TERMINATED_KHR = define(-1121, "CL_CONTEXT_TERMINATED_KHR");
    public static final ClError CANCELLED_IMG = define(-1126, "CL_CANCELLED_IMG");
    public static final ClError PAGE_FAULT_IMG = define(-1127, "CL_PAGE_FAULT_IMG");
    public static final ClError SAFETY_FAULT_IMG = define(-1128, "CL_SAFETY_FAULT_IMG");
    public static final ClError GENERAL_FAULT_IMG = define(-1129, "CL_GENERAL_FAULT_IMG");
    public static final ClError ECC_UNRECOVERED_IMG = define(-1130, "CL_ECC_UNRECOVERED_IMG");
    public static final ClError INVALID_COMMAND_BUFFER_KHR =
            define(-1138, "CL_INVALID_COMMAND_BUFFER_KHR");
    public static final ClError INVALID_SYNC_POINT_WAIT_LIST_KHR =
            define(-1139, "CL_INVALID_SYNC_POINT_WAIT_LIST_KHR");
    public static final ClError INCOMPATIBLE_COMMAND_QUEUE_KHR =
            define(-1140, "CL_INCOMPATIBLE_COMMAND_QUEUE_KHR");
    public static final ClError INVALID_MUTABLE_COMMAND_KHR =
            define(-1141, "CL_INVALID_MUTABLE_COMMAND_KHR");
    public static final ClError INVALID_SEMAPHORE_KHR = define(-1142, "CL_INVALID_SEMAPHORE_KHR");
    public static final ClError GRALLOC_RESOURCE_NOT_ACQUIRED_IMG =
            define(0x40D4, "CL_GRALLOC_RESOURCE_NOT_ACQUIRED_IMG");
    public static final ClError INVALID_GRALLOC_OBJECT_IMG =
            define(0x40D5, "CL_INVALID_GRALLOC_OBJECT_IMG");

    private final int code;
    private final @Nullable String name;
    private final List<String> aliases;

    private ClError(int code, @Nullable String name, List<String> aliases) {
        this.code = code;
        this.name = name;
        this.aliases = aliases;
    }

    private static ClError define(int code, String name, String... aliases) {
        ClError error = new ClError(code, name, List.of(aliases));
        ClError previous = KNOWN.put(code, error);
        assert previous == null : previous + " and " + error;
        return error;
    }

    /// The error for a code that a driver returned.
    public static ClError of(int code) {
        ClError known = KNOWN.get(code);
        return known != null ? known : new ClError(code, null, List.of());
    }

    /// Every error with a name, by falling code; SUCCESS is among them.
    public static Collection<ClError> known() {
        List<ClError> errors = new ArrayList<>(KNOWN.values());
        errors.sort((a, b) -> Integer.compare(b.code, a.code));
        return Collections.unmodifiableList(errors);
    }

    /// The number that the driver returns.
    public int code() {
        return code;
    }

    /// The name in the C headers, or `unknown OpenCL error`.
    public String name() {
        return name == null ? "unknown OpenCL error" : name;
    }

    /// Other names of the same number in the C headers.
    public List<String> aliases() {
        return aliases;
    }

    /// Whether the device or the host ran out of memory.
    public boolean isOutOfMemory() {
        return equals(MEM_OBJECT_ALLOCATION_FAILURE)
                || equals(OUT_OF_RESOURCES)
                || equals(OUT_OF_HOST_MEMORY);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof ClError error && error.code == code;
    }

    @Override
    public int hashCode() {
        return code;
    }

    /// The name and the number, such as `CL_INVALID_VALUE (-30)`.
    @Override
    public String toString() {
        return name() + " (" + code + ")";
    }
}
