package farpage.conformance;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import org.junit.jupiter.api.Nested;

class LwjglConformanceTest {
    @Nested
    class Commands extends DmirrorContract {
        @Override
        ClBinding open() {
            return ClBindings.open("lwjgl");
        }
    }
}
