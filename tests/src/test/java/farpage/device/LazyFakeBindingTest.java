package farpage.device;

import farpage.opencl.ClBinding;
import farpage.testing.opencl.FakeClBinding;
import farpage.testing.opencl.FakeClBinding.Execution;
import farpage.testing.opencl.FakeDevice;
import org.junit.jupiter.api.Nested;

/// A fake that runs nothing before someone waits for it.
class LazyFakeBindingTest {
    @Nested
    class Devices extends ClDevicesContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open(Execution.LAZY, FakeDevice.gpu("Fake GPU", 256L << 20));
        }
    }

    @Nested
    class Buffers extends ClBuffersContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open(Execution.LAZY, FakeDevice.gpu("Fake GPU", 256L << 20));
        }
    }

    @Nested
    class Queues extends ClQueuesContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open(Execution.LAZY, FakeDevice.gpu("Fake GPU", 256L << 20));
        }
    }

    @Nested
    class Programs extends ClProgramsContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open(Execution.LAZY, FakeDevice.gpu("Fake GPU", 256L << 20));
        }
    }

    @Nested
    class PageKernels extends PageKernelsContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open(Execution.LAZY, FakeDevice.gpu("Fake GPU", 256L << 20));
        }
    }

    @Nested
    class Accesses extends DeviceAccessContract {
        @Override
        ClBinding open() {
            return FakeClBinding.open(Execution.LAZY, FakeDevice.gpu("Fake GPU", 256L << 20));
        }
    }
}
