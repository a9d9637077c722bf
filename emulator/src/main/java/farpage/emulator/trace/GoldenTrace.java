package farpage.emulator.trace;

import java.util.List;

/// The results of one trace: what was recorded, or what was computed to be held against it.
///
/// @param name name of the trace
/// @param results its result lines in order, such as `3 migdev 0 cp=4 f=0 h=6b8d…`
/// @param end how it ended: `ok`, `signal=N`, `exit=N`, `timeout` or `stuck`
/// @kernel tools/testing/selftests/kselftest_harness.h: how a test ended is recorded likewise
public record GoldenTrace(String name, List<String> results, String end) {
    public GoldenTrace {
        results = List.copyOf(results);
    }
}
