package farpage.emulator.selftest;

/// The early end of a case: it is thrown in the middle of the case and caught by whoever runs it.
///
/// @kernel tools/testing/selftests/kselftest_harness.h: ASSERT_*, SKIP
abstract sealed class CaseEnd extends RuntimeException {
    private static final long serialVersionUID = 1;

    private CaseEnd(String message) {
        super(message);
    }

    /// Something is not as it must be.
    static final class Failed extends CaseEnd {
        private static final long serialVersionUID = 1;

        Failed(String message) {
            super(message);
        }

        /// Message and place in the words of the harness: `File.java:12:case:Expected …`.
        String describe(String caseName) {
            for (StackTraceElement frame : getStackTrace()) {
                if (frame.getClassName().endsWith("Cases")) {
                    return "%s:%d:%s:%s"
                            .formatted(
                                    frame.getFileName(),
                                    frame.getLineNumber(),
                                    caseName,
                                    getMessage());
                }
            }
            return caseName + ":" + getMessage();
        }
    }

    /// The machine has not what the case needs.
    static final class Skipped extends CaseEnd {
        private static final long serialVersionUID = 1;

        Skipped(String reason) {
            super(reason);
        }
    }

    /// A signal ended the process that ran.
    static final class Killed extends CaseEnd {
        private static final long serialVersionUID = 1;

        private final Signal signal;

        Killed(Signal signal) {
            super("killed by " + signal);
            this.signal = signal;
        }

        Signal signal() {
            return signal;
        }
    }
}
