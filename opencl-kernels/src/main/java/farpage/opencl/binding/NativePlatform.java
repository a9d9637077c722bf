package farpage.opencl.binding;

import farpage.opencl.ClDevice;
import farpage.opencl.ClPlatform;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// A platform; its devices are asked for once.
///
/// @opencl cl_platform_id
final class NativePlatform implements ClPlatform {
    private static final int VERSION = 0x0901;
    private static final int NAME = 0x0902;
    private static final int VENDOR = 0x0903;

    private final NativeCl cl;
    private final NativeHandle handle;
    private final String name;
    private @Nullable List<ClDevice> devices;

    NativePlatform(NativeCl cl, NativeHandle handle) {
        this.cl = cl;
        this.handle = handle;
        this.name = cl.platformText(handle, NAME).strip();
    }

    NativeHandle handle() {
        return handle;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public String vendor() {
        return cl.platformText(handle, VENDOR).strip();
    }

    @Override
    public String version() {
        return cl.platformText(handle, VERSION).strip();
    }

    @Override
    public synchronized List<ClDevice> devices() {
        List<ClDevice> known = devices;
        if (known == null) {
            List<ClDevice> found = new ArrayList<>();
            for (NativeHandle device : cl.devices(handle)) {
                found.add(new NativeDevice(cl, device, this));
            }
            known = List.copyOf(found);
            devices = known;
        }
        return known;
    }

    @Override
    public String toString() {
        return name;
    }
}
