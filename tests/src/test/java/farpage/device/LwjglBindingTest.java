package farpage.device;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import org.junit.jupiter.api.Nested;

class LwjglBindingTest {
    @Nested
    class Devices extends ClDevicesContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class Buffers extends ClBuffersContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class Queues extends ClQueuesContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class Programs extends ClProgramsContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class PageKernels extends PageKernelsContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class Accesses extends DeviceAccessContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class Layout extends LayoutContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class Copying extends CopyEngineContract {
        @Override
        ClBinding openPlain() {
            return ClBindings.open("lwjgl");
        }
    }

    @Nested
    class SharedMemory extends SharedMemoryContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }
}
