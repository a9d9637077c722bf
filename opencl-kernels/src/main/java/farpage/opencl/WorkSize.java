package farpage.opencl;

/// A one-dimensional global and local work size. A local size of 0 leaves the choice to the device.
///
/// @param global work-items in all
/// @param local work-items in a work-group
public record WorkSize(long global, long local) {}
