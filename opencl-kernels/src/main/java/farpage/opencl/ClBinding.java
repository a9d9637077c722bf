package farpage.opencl;

import java.util.List;

/// One way to call the OpenCL loader from Java, and the root of all other objects.
///
/// Objects of one binding are never mixed with those of another: a [ClDevice] found through one is
/// refused by the other's [#createContext]. A binding holds no device resource itself; closing it
/// only makes it unusable. Contexts that are open then stay usable and stay the duty of their
/// owners.
///
/// @opencl The platform layer, OpenCL specification chapter 4
public interface ClBinding extends AutoCloseable {
    /// The name by which [ClBindings#open] knows it.
    String name();

    /// The platforms that the loader offers; empty where no OpenCL driver is installed.
    List<ClPlatform> platforms();

    /// The devices of all platforms, in the order of the platforms; a device's place here is the
    /// index by which users choose it.
    default List<ClDevice> devices() {
        return platforms().stream().flatMap(platform -> platform.devices().stream()).toList();
    }

    /// A context over devices of one platform, at least one.
    ///
    /// @throws IllegalArgumentException when the devices are none, of several platforms or not ours
    ClContext createContext(ClDevice... devices);

    @Override
    void close();
}
