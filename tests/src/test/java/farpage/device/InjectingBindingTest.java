package farpage.device;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import org.junit.jupiter.api.Nested;

/// With an empty plan a wrapped binding cannot be told from the binding inside.
class InjectingBindingTest {
    @Nested
    class Devices extends ClDevicesContract {
        @Override
        ClBinding open() {
            return new InjectingBinding(ClBindings.open("lwjgl"), FaultPlan.explicit());
        }
    }

    @Nested
    class Buffers extends ClBuffersContract {
        @Override
        ClBinding open() {
            return new InjectingBinding(ClBindings.open("lwjgl"), FaultPlan.explicit());
        }
    }

    @Nested
    class Queues extends ClQueuesContract {
        @Override
        ClBinding open() {
            return new InjectingBinding(ClBindings.open("lwjgl"), FaultPlan.explicit());
        }
    }

    @Nested
    class Programs extends ClProgramsContract {
        @Override
        ClBinding open() {
            return new InjectingBinding(ClBindings.open("lwjgl"), FaultPlan.explicit());
        }
    }
}
