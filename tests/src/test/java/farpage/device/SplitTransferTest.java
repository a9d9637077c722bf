package farpage.device;

import farpage.opencl.ClBinding;
import farpage.testing.opencl.FakeClBinding;
import farpage.testing.opencl.FakeClBinding.Execution;
import farpage.testing.opencl.FakeDevice;
import org.junit.jupiter.api.Nested;

/// A library that cannot name much host memory at once: transfers are split, and nobody notices.
class SplitTransferTest {
    private static final long LIMIT = 1000;

    @Nested
    class Eager extends ClQueuesContract {
        @Override
        ClBinding open() {
            FakeDevice device = FakeDevice.cpu("Fake CPU", 256L << 20);
            return FakeClBinding.open(Execution.EAGER, LIMIT, device);
        }
    }

    @Nested
    class Lazy extends ClQueuesContract {
        @Override
        ClBinding open() {
            FakeDevice device = FakeDevice.cpu("Fake CPU", 256L << 20);
            return FakeClBinding.open(Execution.LAZY, LIMIT, device);
        }
    }
}
