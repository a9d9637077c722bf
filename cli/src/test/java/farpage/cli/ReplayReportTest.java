package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.trace.GoldenTrace;
import farpage.emulator.trace.KernelTrace;
import farpage.emulator.trace.TraceInput;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

final class ReplayReportTest {
    private static final KernelTrace TRACE =
            KernelTrace.read(
                            TraceInput.of(
                                    "k",
                                    new ByteArrayInputStream(
                                            "=== a\nmap A 1 private\nread A 0\n"
                                                    .getBytes(StandardCharsets.US_ASCII))))
                    .getFirst();
    private static final GoldenTrace GOLDEN =
            new GoldenTrace("a", List.of("1 map ok", "2 read h=1"), "ok");
    private static final List<String> WRONG = List.of("1 map ok", "2 read SEGV");

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    private String printed(OutputFormat format, List<String> results) {
        ReplayReport report =
                new ReplayReport(
                        format,
                        new PrintStream(bytes, true, StandardCharsets.UTF_8),
                        new Row().put("seed", 1));
        report.compared("k", TRACE, GOLDEN, GOLDEN.results(), "");
        report.compared("k", TRACE, GOLDEN, results, "");
        report.end(true);
        return bytes.toString(StandardCharsets.UTF_8);
    }

    @Test
    void equalResultsAreOneLine() {
        assertEquals(
                "2 traces, 4 operations, 0 differ\n", printed(OutputFormat.TEXT, GOLDEN.results()));
    }

    @Test
    void firstDifferenceIsShownWithItsContext() {
        assertEquals(
                """
                k: a: 1 of 2 result lines differ, the first at operation 2
                    1 map ok    <- line 2: map A 1 private
                  - 2 read h=1    <- line 3: read A 0
                  + 2 read SEGV
                2 traces, 4 operations, 1 differ
                """,
                printed(OutputFormat.TEXT, WRONG));
    }

    @Test
    void tapHasATestPointATrace() {
        String text = printed(OutputFormat.TAP, WRONG);
        assertTrue(text.contains("\nok 1 a\n"), text);
        assertTrue(text.contains("\nnot ok 2 a\n"), text);
        assertTrue(text.contains("#   - 2 read h=1"), text);
        assertTrue(text.endsWith("# Totals: pass:1 fail:1 xfail:0 xpass:0 skip:0 error:0\n"), text);
    }

    @Test
    void resultsOfOtherTracesAreRefused() {
        List<KernelTrace> traces = List.of(TRACE);
        List<GoldenTrace> other = List.of(new GoldenTrace("b", List.of(), "ok"));
        CliFailure failure =
                assertThrows(CliFailure.class, () -> ReplayReport.match("k", traces, "g", other));
        assertEquals(ExitCode.USAGE, failure.exitCode());
        assertThrows(CliFailure.class, () -> ReplayReport.match("k", traces, "g", List.of()));
        assertEquals(List.of(GOLDEN), ReplayReport.match("k", traces, "g", List.of(GOLDEN)));
    }
}
