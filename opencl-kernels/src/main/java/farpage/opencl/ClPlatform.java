package farpage.opencl;

import java.util.List;

/// An OpenCL implementation that the loader found.
///
/// @opencl cl_platform_id
public interface ClPlatform {
    /// CL_PLATFORM_NAME.
    String name();

    /// CL_PLATFORM_VENDOR.
    String vendor();

    /// CL_PLATFORM_VERSION.
    String version();

    /// Its devices of every type; empty when it has none.
    List<ClDevice> devices();
}
