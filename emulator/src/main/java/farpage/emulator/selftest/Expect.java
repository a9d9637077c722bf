package farpage.emulator.selftest;

/// What must hold, or the case ends.
///
/// @kernel tools/testing/selftests/kselftest_harness.h: ASSERT_EQ
final class Expect {
    private Expect() {}

    /// @param what names the value
    static void equal(Object expected, Object actual, String what) {
        if (!expected.equals(actual)) {
            throw new CaseEnd.Failed("Expected %s == %s (%s)".formatted(expected, what, actual));
        }
    }
}
