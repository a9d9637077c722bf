package farpage.emulator.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class GoldenResultsTest {
    private static final KernelTrace TRACE =
            KernelTrace.read(input("=== a\nmap A 1 private\n\nread A 0\nsnap A 0 1\n")).getFirst();
    private static final GoldenTrace GOLDEN =
            new GoldenTrace("a", List.of("1 map ok", "2 read h=1", "3 snap 0 cp=1 02*1"), "ok");

    private static TraceInput input(String text) {
        return TraceInput.of(
                "g", new ByteArrayInputStream(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    @Test
    void resultsAreReadTraceByTrace() {
        List<GoldenTrace> traces =
                GoldenResults.read(
                        input(
                                """
                                === a
                                1 map ok
                                2 read SEGV
                                === end a ok
                                === b
                                === end b signal=11
                                """));
        assertEquals(
                List.of(
                        new GoldenTrace("a", List.of("1 map ok", "2 read SEGV"), "ok"),
                        new GoldenTrace("b", List.of(), "signal=11")),
                traces);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "1 map ok\n",
                "=== a\n1 map ok\n",
                "=== a\n2 map ok\n=== end a ok\n",
                "=== a\n1 map ok\n=== end b ok\n",
                "=== a\n=== b\n",
                "=== end a ok\n",
                "=== a\n=== end a\n"
            })
    void whatIsNoResultFileIsRefused(String text) {
        assertThrows(TraceFormatException.class, () -> GoldenResults.read(input(text)));
    }

    @Test
    void equalResultsHaveNoDifference() {
        GoldenComparison comparison = GoldenComparison.of(TRACE, GOLDEN, GOLDEN.results());
        assertTrue(comparison.isEqual());
        assertEquals(-1, comparison.firstDifference());
        assertEquals(List.of(), comparison.context());
    }

    @Test
    void firstDifferenceIsShownWithItsOperation() {
        List<String> actual = List.of("1 map ok", "2 read h=2", "3 snap 0 cp=1 01*1");
        GoldenComparison comparison = GoldenComparison.of(TRACE, GOLDEN, actual);
        assertEquals(2, comparison.differingLines());
        assertEquals(1, comparison.firstDifference());
        assertEquals(
                List.of(
                        "    1 map ok    <- line 2: map A 1 private",
                        "  - 2 read h=1    <- line 4: read A 0",
                        "  + 2 read h=2"),
                comparison.context());
    }

    @Test
    void missingAndSurplusLinesDiffer() {
        assertEquals(2, GoldenComparison.of(TRACE, GOLDEN, List.of("1 map ok")).differingLines());
        assertEquals(
                1,
                GoldenComparison.of(
                                TRACE,
                                new GoldenTrace("a", List.of("1 map ok"), "ok"),
                                List.of("1 map ok", "2 read h=1"))
                        .differingLines());
    }
}
