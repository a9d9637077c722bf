package farpage.opencl;

import farpage.opencl.binding.NativeBinding;
import farpage.opencl.binding.jocl.JoclNatives;
import farpage.opencl.binding.lwjgl.LwjglNatives;
import java.util.List;

/// The bindings by name. This is the only place that knows which there are.
///
/// @opencl None: the specification knows no bindings
public final class ClBindings {
    /// The binding that is used where none is asked for.
    public static final String DEFAULT = "lwjgl";

    private static final List<String> NAMES = List.of("lwjgl", "jocl");

    private ClBindings() {}

    /// The names that [#open] accepts, the default first.
    public static List<String> names() {
        return NAMES;
    }

    /// Opens a binding. That there is no device is not an error here: the list of platforms is
    /// empty.
    ///
    /// @throws IllegalArgumentException for a name that is not one of [#names]
    /// @throws ClException when the OpenCL loader library cannot be loaded
    public static ClBinding open(String name) {
        return switch (name) {
            case "lwjgl" -> new NativeBinding(LwjglNatives.load());
            case "jocl" -> new NativeBinding(JoclNatives.load());
            default ->
                    throw new IllegalArgumentException(
                            "binding: name=" + name + ", limit=one of " + String.join(", ", NAMES));
        };
    }
}
