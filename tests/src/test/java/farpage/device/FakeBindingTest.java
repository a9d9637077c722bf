package farpage.device;

import farpage.opencl.ClBinding;
import farpage.testing.opencl.FakeClBinding;
import org.junit.jupiter.api.Nested;

/// The fake obeys the contract of the port, so that what runs on it may run on a device.
class FakeBindingTest {
    @Nested
    class Devices extends ClDevicesContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open();
        }
    }

    @Nested
    class Buffers extends ClBuffersContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open();
        }
    }

    @Nested
    class Queues extends ClQueuesContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open();
        }
    }

    @Nested
    class Programs extends ClProgramsContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open();
        }
    }

    @Nested
    class PageKernels extends PageKernelsContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open();
        }
    }

    @Nested
    class Accesses extends DeviceAccessContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open();
        }
    }

    @Nested
    class SharedMemory extends SharedMemoryContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open();
        }
    }
}
