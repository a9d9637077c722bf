package farpage.opencl.binding;

import farpage.opencl.ClBinding;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import farpage.opencl.ClPlatform;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The port's root over one Java library.
///
/// @opencl The platform layer, OpenCL specification chapter 4
public final class NativeBinding implements ClBinding {
    private final NativeCl cl;
    private @Nullable List<ClPlatform> platforms;
    private boolean closed;

    /// Takes over a loaded library.
    public NativeBinding(NativeCl cl) {
        this.cl = cl;
    }

    @Override
    public String name() {
        return cl.name();
    }

    @Override
    public synchronized List<ClPlatform> platforms() {
        requireOpen();
        List<ClPlatform> known = platforms;
        if (known == null) {
            List<ClPlatform> found = new ArrayList<>();
            for (NativeHandle handle : cl.platforms()) {
                found.add(new NativePlatform(cl, handle));
            }
            known = List.copyOf(found);
            platforms = known;
        }
        return known;
    }

    @Override
    public ClContext createContext(ClDevice... devices) {
        synchronized (this) {
            requireOpen();
        }
        if (devices.length == 0) {
            throw new IllegalArgumentException("createContext: devices=0, limit=1");
        }
        List<NativeDevice> ours = new ArrayList<>();
        NativeHandle[] handles = new NativeHandle[devices.length];
        for (int i = 0; i < devices.length; i++) {
            if (!(devices[i] instanceof NativeDevice device) || !device.cl().equals(cl)) {
                throw new IllegalArgumentException(
                        "createContext: device=" + devices[i] + ", limit=one of " + name());
            }
            if (!ours.isEmpty() && !ours.getFirst().platform().equals(device.platform())) {
                throw new IllegalArgumentException(
                        "createContext: device=" + device + ", limit=one platform");
            }
            ours.add(device);
            handles[i] = device.handle();
        }
        int[] status = new int[1];
        NativeHandle platform = ours.getFirst().platform().handle();
        NativeHandle context = cl.createContext(platform, handles, status);
        if (status[0] != 0) {
            throw new ClException(ClError.of(status[0]), "clCreateContext", ours.toString());
        }
        return new NativeContext(cl, context, List.copyOf(ours));
    }

    @Override
    public synchronized void close() {
        closed = true;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("closed: binding " + cl.name());
        }
    }
}
