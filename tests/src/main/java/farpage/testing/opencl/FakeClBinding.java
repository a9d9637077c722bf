package farpage.testing.opencl;

import farpage.opencl.ClBinding;
import farpage.opencl.binding.NativeBinding;
import java.util.List;

/// A binding whose devices exist only in Java: buffers are off-heap memory of this process, kernels
/// are their Java twins.
///
/// It is for tests of logic alone: nothing is proven about OpenCL by it. It runs the same contracts
/// as the real bindings and differs from them in being strict and slow to oblige. Memory that
/// nothing was written to is filled with a pattern, not zero. A mapping is a copy that goes back
/// when it is unmapped, as on a device with memory of its own. With [Execution#LAZY] no command
/// runs before something waits for it, so that a missing wait shows. It knows only the kernels of
/// [farpage.opencl.kernel], and compiles nothing: a `#error` line is the one mistake it sees.
///
/// @opencl None: a stand-in for an implementation
public final class FakeClBinding {
    /// When commands run.
    ///
    /// @opencl None: the specification leaves it open
    public enum Execution {
        /// As soon as what they wait for has completed, at the latest within the call that
        /// enqueues.
        EAGER,
        /// Not before the host waits.
        LAZY
    }

    private static final long MEMORY = 256L << 20;

    private FakeClBinding() {}

    /// One CPU device with 256 MiB, eager.
    public static ClBinding open() {
        return open(Execution.EAGER, FakeDevice.cpu("Fake CPU", MEMORY));
    }

    /// The given devices, all of one platform.
    public static ClBinding open(Execution execution, FakeDevice... devices) {
        return open(execution, Integer.MAX_VALUE, devices);
    }

    /// Devices of which one call moves no more than a given number of bytes, so that larger
    /// transfers are split.
    public static ClBinding open(Execution execution, long hostMemoryLimit, FakeDevice... devices) {
        return new NativeBinding(new FakeNatives(execution, hostMemoryLimit, List.of(devices)));
    }
}
