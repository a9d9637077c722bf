package farpage.property;

import farpage.opencl.ClBinding;
import farpage.testing.opencl.FakeClBinding;

/// Without OpenCL: more operations, for the logic alone. The property `farpage.sequences` makes a
/// long run of it.
class FakePropertiesTest extends EmulatorProperties {
    private static final int FRESH = Integer.getInteger("farpage.sequences", 5);

    @Override
    ClBinding open() {
        return FakeClBinding.open();
    }

    @Override
    Effort effort() {
        return new Effort(5, FRESH, 600);
    }
}
