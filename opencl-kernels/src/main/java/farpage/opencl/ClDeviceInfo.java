package farpage.opencl;

import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Names and limits of a device: those that matter for memory and for building kernels.
///
/// All sizes are bytes. `baseAddressAlignment` is CL_DEVICE_MEM_BASE_ADDR_ALIGN turned from bits
/// into bytes; the origin of a sub-buffer must be a multiple of it. `maxAllocation` bounds one
/// buffer, so a device heap larger than that is made of several.
///
/// `hostUnifiedMemory` is deprecated since OpenCL 2.0 and may be wrong either way: it may order
/// choices, never decide them.
///
/// @param name CL_DEVICE_NAME, trimmed
/// @param vendor CL_DEVICE_VENDOR
/// @param driverVersion CL_DRIVER_VERSION
/// @param deviceVersion CL_DEVICE_VERSION, "OpenCL major.minor vendor text"
/// @param languageVersion CL_DEVICE_OPENCL_C_VERSION
/// @param type CL_DEVICE_TYPE
/// @param computeUnits CL_DEVICE_MAX_COMPUTE_UNITS
/// @param clockMegahertz CL_DEVICE_MAX_CLOCK_FREQUENCY, 0 where the driver does not know
/// @param globalMemory CL_DEVICE_GLOBAL_MEM_SIZE
/// @param globalCacheLine CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE
/// @param maxAllocation CL_DEVICE_MAX_MEM_ALLOC_SIZE
/// @param localMemory CL_DEVICE_LOCAL_MEM_SIZE
/// @param maxWorkGroupSize CL_DEVICE_MAX_WORK_GROUP_SIZE
/// @param baseAddressAlignment CL_DEVICE_MEM_BASE_ADDR_ALIGN in bytes
/// @param addressBits CL_DEVICE_ADDRESS_BITS
/// @param profilingResolutionNanos CL_DEVICE_PROFILING_TIMER_RESOLUTION
/// @param littleEndian CL_DEVICE_ENDIAN_LITTLE
/// @param hostUnifiedMemory CL_DEVICE_HOST_UNIFIED_MEMORY
/// @param outOfOrderQueues whether host queues may be out of order
/// @param fineGrainSvm CL_DEVICE_SVM_FINE_GRAIN_BUFFER of CL_DEVICE_SVM_CAPABILITIES, from OpenCL
///   2.0 on: host and kernels may use a buffer at the same time
/// @param available CL_DEVICE_AVAILABLE
/// @param compilerAvailable CL_DEVICE_COMPILER_AVAILABLE
/// @param extensions CL_DEVICE_EXTENSIONS, split
/// @opencl clGetDeviceInfo
public record ClDeviceInfo(
        String name,
        String vendor,
        String driverVersion,
        String deviceVersion,
        String languageVersion,
        ClDeviceType type,
        int computeUnits,
        int clockMegahertz,
        long globalMemory,
        int globalCacheLine,
        long maxAllocation,
        long localMemory,
        long maxWorkGroupSize,
        int baseAddressAlignment,
        int addressBits,
        long profilingResolutionNanos,
        boolean littleEndian,
        boolean hostUnifiedMemory,
        boolean outOfOrderQueues,
        boolean fineGrainSvm,
        boolean available,
        boolean compilerAvailable,
        Set<String> extensions) {
    private static final Pattern VERSION = Pattern.compile("OpenCL (\\d+)\\.(\\d+).*");

    /// Keeps the extensions as an unmodifiable set.
    public ClDeviceInfo {
        extensions = Set.copyOf(extensions);
    }

    /// Whether the device implements at least this version of OpenCL. A version text that breaks
    /// the specified form counts as no version at all.
    public boolean isVersion(int major, int minor) {
        Matcher matcher = VERSION.matcher(deviceVersion);
        if (!matcher.matches()) {
            return false;
        }
        int deviceMajor = Integer.parseInt(matcher.group(1));
        int deviceMinor = Integer.parseInt(matcher.group(2));
        return deviceMajor > major || (deviceMajor == major && deviceMinor >= minor);
    }

    /// Whether the device lists an extension.
    public boolean hasExtension(String extension) {
        return extensions.contains(extension);
    }

    /// Why Farpage cannot use the device, or nothing when it can. Needed are a compiler, OpenCL 1.2
    /// and the byte order of the host, since pages move as they are.
    public Optional<String> obstacle() {
        if (!available) {
            return Optional.of("not available (CL_DEVICE_AVAILABLE is false)");
        }
        if (!compilerAvailable) {
            return Optional.of("no kernel compiler (CL_DEVICE_COMPILER_AVAILABLE is false)");
        }
        if (!isVersion(1, 2)) {
            return Optional.of("older than OpenCL 1.2: " + deviceVersion);
        }
        if (!littleEndian) {
            return Optional.of("big-endian");
        }
        if (type == ClDeviceType.CUSTOM) {
            return Optional.of("runs no kernels of ours (CL_DEVICE_TYPE_CUSTOM)");
        }
        return Optional.empty();
    }
}
