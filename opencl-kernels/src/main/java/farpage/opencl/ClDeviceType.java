package farpage.opencl;

/// What a device is, as far as kernels are written differently for it.
///
/// @opencl cl_device_type
public enum ClDeviceType {
    /// Work-items are loops on a processor's cores: one work-item per page suits it.
    CPU,
    /// Work-items of a group run in lock step: one work-group per page suits it.
    GPU,
    /// A programmable device that is neither; treated like a GPU.
    ACCELERATOR,
    /// A device without programmable kernels, or of a type not known here.
    CUSTOM;

    /// The type in a CL_DEVICE_TYPE bit field; bits other than those of the types do not count.
    public static ClDeviceType ofBits(long bits) {
        if ((bits & 2) != 0) {
            return CPU;
        }
        if ((bits & 4) != 0) {
            return GPU;
        }
        return (bits & 8) != 0 ? ACCELERATOR : CUSTOM;
    }
}
