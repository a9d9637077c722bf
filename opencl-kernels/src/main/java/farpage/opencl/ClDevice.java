package farpage.opencl;

/// A device of a platform. Two objects for the same device are equal, and its limits do not change.
///
/// @opencl cl_device_id
public interface ClDevice {
    /// Names and limits, asked for once.
    ClDeviceInfo info();

    /// The implementation it belongs to.
    ClPlatform platform();
}
