package farpage.device;

import farpage.opencl.ClBinding;
import farpage.testing.opencl.FakeClBinding;
import org.junit.jupiter.api.Nested;

/// The fake obeys the contract of the port, so that what runs on it may run on a device.
class FakeBindingTest implements BindingUnderTest {
    @Override
    public ClBinding open() {
        return FakeClBinding.open();
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

    @Nested
    class SharedMemory extends SharedMemoryContract {}
}
