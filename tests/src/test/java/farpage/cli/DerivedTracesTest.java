package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Short traces of corners that random operations rarely reach. Their results follow from what
/// Linux documents and does; each trace says why.
final class DerivedTracesTest {
    private static final String TRACES = "src/test/resources/traces/derived/";

    @ParameterizedTest
    @ValueSource(strings = {"mappings", "shared", "processes"})
    void everyResultIsWhatLinuxAnswers(String topic) {
        CommandRun run =
                CommandRun.of(
                        "replay",
                        TRACES + topic + ".trace",
                        "--golden=" + TRACES + topic + ".golden");
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().endsWith(", 0 differ\n"), run.out());
    }
}
