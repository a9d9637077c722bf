package farpage.device;

import farpage.opencl.ClBinding;
import java.util.Optional;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/// A test class that says on which binding the contracts nested in it run.
public interface BindingUnderTest {
    /// Opens the binding; who asks closes it.
    ClBinding open();

    /// What a contract opens its binding by: the class that it is nested in.
    final class Around implements BeforeEachCallback {
        private Optional<BindingUnderTest> test = Optional.empty();

        @Override
        public void beforeEach(ExtensionContext context) {
            test = context.getRequiredTestInstances().findInstance(BindingUnderTest.class);
        }

        public ClBinding open() {
            return test.orElseThrow(
                            () -> new IllegalStateException("nothing around says on which binding"))
                    .open();
        }
    }
}
