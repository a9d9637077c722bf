package farpage.property;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;

/// On real devices through this binding.
class LwjglPropertiesTest extends EmulatorProperties {
    @Override
    ClBinding open() {
        return ClBindings.open("lwjgl");
    }

    @Override
    Effort effort() {
        return new Effort(2, 1, 600);
    }
}
