package farpage.conformance;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import org.junit.jupiter.api.Nested;

class JoclConformanceTest {
    @Nested
    class Commands extends DmirrorContract {
        @Override
        ClBinding open() {
            return ClBindings.open("jocl");
        }
    }
}
