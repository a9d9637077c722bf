package farpage.emulator.selftest;

import java.util.List;

/// How a run ended.
///
/// @param status passed, failed or skipped
/// @param lines why it failed, most important first; for a skipped one the reason; else empty
/// @param printed what the case printed itself
/// @kernel tools/testing/selftests/kselftest_harness.h: KSFT_PASS, KSFT_FAIL, KSFT_SKIP
public record SelftestResult(Status status, List<String> lines, List<String> printed) {
    /// The three ways to end.
    ///
    /// @kernel tools/testing/selftests/kselftest.h: KSFT_PASS, KSFT_FAIL, KSFT_SKIP
    public enum Status {
        PASSED,
        FAILED,
        SKIPPED
    }

    /// Keeps the texts as unmodifiable lists.
    public SelftestResult {
        lines = List.copyOf(lines);
        printed = List.copyOf(printed);
    }

    /// Why it failed or was skipped, on one line; empty if it passed.
    public String reason() {
        return lines.isEmpty() ? "" : lines.getFirst();
    }
}
