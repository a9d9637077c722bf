package farpage.device;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import org.junit.jupiter.api.Nested;

/// With an empty plan a wrapped binding cannot be told from the binding inside.
class InjectingBindingTest implements BindingUnderTest {
    @Override
    public ClBinding open() {
        return new InjectingBinding(ClBindings.open("lwjgl"), FaultPlan.explicit());
    }

    @Nested
    class Devices extends ClDevicesContract {}

    @Nested
    class Buffers extends ClBuffersContract {}

    @Nested
    class Queues extends ClQueuesContract {}

    @Nested
    class Programs extends ClProgramsContract {}
}
