package farpage.mm;

/// Checks that stay on when assertions are off. A failed one is a defect of the model, never a
/// normal answer: nobody catches it but the program's outermost frame.
///
/// @kernel include/linux/mmdebug.h: VM_BUG_ON
public final class Check {
    private Check() {}

    /// Thrown when an invariant of the model does not hold.
    ///
    /// @kernel include/linux/mmdebug.h: VM_BUG_ON
    public static final class Broken extends AssertionError {
        private static final long serialVersionUID = 1;

        Broken(String message) {
            super(message);
        }
    }

    public static void that(boolean condition, String broken) {
        if (!condition) {
            throw new Broken(broken);
        }
    }

    /// For messages that cost something to build, and for branches that can not be reached.
    public static Broken broken(String message) {
        return new Broken(message);
    }
}
