package farpage.testing;

import farpage.opencl.ClBinding;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClPlatform;
import java.util.List;

/// A binding that somebody else closes.
///
/// @param owned the binding itself
/// @opencl none
record BorrowedBinding(ClBinding owned) implements ClBinding {
    @Override
    public String name() {
        return owned.name();
    }

    @Override
    public List<ClPlatform> platforms() {
        return owned.platforms();
    }

    @Override
    public ClContext createContext(ClDevice... devices) {
        return owned.createContext(devices);
    }

    @Override
    public void close() {}
}
