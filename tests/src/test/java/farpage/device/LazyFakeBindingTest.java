package farpage.device;

import farpage.opencl.ClBinding;
import farpage.testing.opencl.FakeClBinding;
import farpage.testing.opencl.FakeClBinding.Execution;
import farpage.testing.opencl.FakeDevice;
import org.junit.jupiter.api.Nested;

/// A fake that runs nothing before someone waits for it.
class LazyFakeBindingTest implements BindingUnderTest {
    @Override
    public ClBinding open() {
        return FakeClBinding.open(Execution.LAZY, FakeDevice.gpu("Fake GPU", 256L << 20));
    }

    @Nested
    class Devices extends ClDevicesContract {}

    @Nested
    class Buffers extends ClBuffersContract {}

    @Nested
    class Queues extends ClQueuesContract {}

    @Nested
    class Programs extends ClProgramsContract {}

    @Nested
    class PageKernels extends PageKernelsContract {}

    @Nested
    class Accesses extends DeviceAccessContract {}
}
