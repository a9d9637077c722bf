package farpage.device;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import org.junit.jupiter.api.Nested;

class JoclBindingTest implements BindingUnderTest {
    @Override
    public ClBinding open() {
        return ClBindings.open("jocl");
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
    class Layout extends LayoutContract {}

    @Nested
    class Copying extends CopyEngineContract {}

    @Nested
    class SharedMemory extends SharedMemoryContract {}
}
