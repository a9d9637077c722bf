package farpage.opencl.binding;

import farpage.opencl.ClDevice;
import farpage.opencl.ClDeviceInfo;
import farpage.opencl.ClDeviceType;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A device; there is one object for each because its platform keeps them.
///
/// @opencl cl_device_id
final class NativeDevice implements ClDevice {
    private static final long QUEUE_OUT_OF_ORDER = 1;
    private static final long SVM_FINE_GRAIN_BUFFER = 2;

    private final NativeCl cl;
    private final NativeHandle handle;
    private final NativePlatform platform;
    private @Nullable ClDeviceInfo info;

    NativeDevice(NativeCl cl, NativeHandle handle, NativePlatform platform) {
        this.cl = cl;
        this.handle = handle;
        this.platform = platform;
    }

    NativeCl cl() {
        return cl;
    }

    NativeHandle handle() {
        return handle;
    }

    @Override
    public NativePlatform platform() {
        return platform;
    }

    @Override
    public synchronized ClDeviceInfo info() {
        ClDeviceInfo known = info;
        if (known == null) {
            known = query();
            info = known;
        }
        return known;
    }

    private ClDeviceInfo query() {
        String extensions = text(0x1030);
        return new ClDeviceInfo(
                text(0x102B), // CL_DEVICE_NAME
                text(0x102C), // CL_DEVICE_VENDOR
                text(0x102D), // CL_DRIVER_VERSION
                text(0x102F), // CL_DEVICE_VERSION
                text(0x103D), // CL_DEVICE_OPENCL_C_VERSION
                ClDeviceType.ofBits(number(0x1000)), // CL_DEVICE_TYPE
                Math.toIntExact(number(0x1002)), // CL_DEVICE_MAX_COMPUTE_UNITS
                Math.toIntExact(number(0x100C)), // CL_DEVICE_MAX_CLOCK_FREQUENCY
                number(0x101F), // CL_DEVICE_GLOBAL_MEM_SIZE
                Math.toIntExact(number(0x101D)), // CL_DEVICE_GLOBAL_MEM_CACHELINE_SIZE
                number(0x1010), // CL_DEVICE_MAX_MEM_ALLOC_SIZE
                number(0x1023), // CL_DEVICE_LOCAL_MEM_SIZE
                number(0x1004), // CL_DEVICE_MAX_WORK_GROUP_SIZE
                Math.toIntExact(number(0x1019) / Byte.SIZE), // CL_DEVICE_MEM_BASE_ADDR_ALIGN
                Math.toIntExact(number(0x100D)), // CL_DEVICE_ADDRESS_BITS
                number(0x1025), // CL_DEVICE_PROFILING_TIMER_RESOLUTION
                number(0x1026) != 0, // CL_DEVICE_ENDIAN_LITTLE
                number(0x1035) != 0, // CL_DEVICE_HOST_UNIFIED_MEMORY
                (number(0x102A) & QUEUE_OUT_OF_ORDER) != 0, // CL_DEVICE_QUEUE_PROPERTIES
                hasFineGrainSvm(),
                number(0x1027) != 0, // CL_DEVICE_AVAILABLE
                number(0x1028) != 0, // CL_DEVICE_COMPILER_AVAILABLE
                extensions.isEmpty() ? Set.of() : Set.of(extensions.split("\\s+")));
    }

    /// The question is an error before OpenCL 2.0. The version text begins as specified: `OpenCL
    /// 2.0 ...`.
    private boolean hasFineGrainSvm() {
        String version = text(0x102F); // CL_DEVICE_VERSION
        if (version.startsWith("OpenCL 1.")) {
            return false;
        }
        return (number(0x1053) & SVM_FINE_GRAIN_BUFFER) != 0; // CL_DEVICE_SVM_CAPABILITIES
    }

    private String text(int parameter) {
        return cl.deviceText(handle, parameter).strip();
    }

    private long number(int parameter) {
        return cl.deviceNumber(handle, parameter);
    }

    @Override
    public String toString() {
        return info().name();
    }
}
