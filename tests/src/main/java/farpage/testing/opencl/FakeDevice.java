package farpage.testing.opencl;

import farpage.opencl.ClDeviceType;

/// What a fake device says about itself. A quarter of its memory is the most that one buffer may
/// take. A processor shares memory with the host, a GPU does not.
///
/// @param name CL_DEVICE_NAME
/// @param type decides the shape of kernels, nothing else
/// @param globalMemory CL_DEVICE_GLOBAL_MEM_SIZE; buffers beyond it fail
/// @opencl cl_device_id
public record FakeDevice(String name, ClDeviceType type, long globalMemory) {
    /// A processor.
    public static FakeDevice cpu(String name, long globalMemory) {
        return new FakeDevice(name, ClDeviceType.CPU, globalMemory);
    }

    /// A GPU.
    public static FakeDevice gpu(String name, long globalMemory) {
        return new FakeDevice(name, ClDeviceType.GPU, globalMemory);
    }

    long maxAllocation() {
        return globalMemory / 4;
    }

    /// CL_DEVICE_... as a text.
    String text(int parameter) {
        return switch (parameter) {
            case 0x102B -> name;
            case 0x102C -> "Farpage tests";
            case 0x102D -> "1.0";
            case 0x102F -> type == ClDeviceType.CPU ? "OpenCL 2.0 fake" : "OpenCL 1.2 fake";
            case 0x103D -> "OpenCL C 1.2 fake";
            case 0x1030 -> "cl_khr_byte_addressable_store cl_khr_int64_base_atomics";
            default -> throw new IllegalArgumentException("parameter: value=" + parameter);
        };
    }

    /// CL_DEVICE_... as a number.
    long number(int parameter) {
        return switch (parameter) {
            case 0x1000 ->
                    switch (type) {
                        case CPU -> 2;
                        case GPU -> 4;
                        case ACCELERATOR -> 8;
                        case CUSTOM -> 16;
                    };
            case 0x1002 -> 2;
            case 0x100C -> 1000;
            case 0x101F -> globalMemory;
            case 0x101D -> 64;
            case 0x1010 -> maxAllocation();
            case 0x1023 -> 64 << 10;
            case 0x1004 -> FakeNatives.MAX_WORK_GROUP_SIZE;
            case 0x1019 -> FakeNatives.ALIGNMENT * Byte.SIZE;
            case 0x100D -> 64;
            case 0x1025 -> 1;
            case 0x1026, 0x1027, 0x1028 -> 1;
            case 0x1035 -> type == ClDeviceType.CPU ? 1 : 0;
            case 0x102A -> 3;
            case 0x1053 -> 3;
            default -> throw new IllegalArgumentException("parameter: value=" + parameter);
        };
    }
}
