package farpage.property;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.trace.GoldenResults;
import farpage.emulator.trace.GoldenTrace;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.KernelTrace;
import farpage.testing.PageOracle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The oracle itself: it finds nothing wrong with what Linux answered, and finds what is wrong.
final class PageOracleTest {
    private static final Path TRACES = Path.of("src/test/resources/traces/kernel");
    private static final PageOracle.Rules ROOMY = new PageOracle.Rules(true, false);

    /// A device's write that failed leaves open what pages contain; there the trace ends for the
    /// oracle, for it cannot look.
    ///
    /// @return operations that were judged
    private static int judge(
            PageOracle oracle, KernelTrace trace, GoldenTrace golden, List<String> wrong) {
        int judged = 0;
        for (KernelOperation operation : trace.operations()) {
            if (!oracle.knows(operation) || !oracle.followUps().isEmpty()) {
                break;
            }
            String line = golden.results().get(judged);
            String result = line.substring(line.indexOf(' ', line.indexOf(' ') + 1) + 1);
            String expected = oracle.judge(operation, result);
            judged++;
            if (!expected.isEmpty()) {
                wrong.add(trace.name() + ", " + line + ": expected " + expected + ", " + operation);
                break;
            }
        }
        return judged;
    }

    @ParameterizedTest
    @ValueSource(strings = {"basic", "release", "twodev", "protect", "excl", "fork", "vma", "ksm"})
    void oracleAgreesWithWhatLinuxAnswered(String group) {
        assertAgrees(group, ROOMY);
    }

    @ParameterizedTest
    @ValueSource(strings = {"basic", "twodev", "protect", "excl", "fork", "vma"})
    void oracleAgreesWithWhatLinuxAnsweredOfCoherentDevices(String group) {
        assertAgrees("coherent-" + group, new PageOracle.Rules(true, false, 0b11, false));
    }

    private static void assertAgrees(String group, PageOracle.Rules rules) {
        List<KernelTrace> traces =
                KernelTrace.readFile(TRACES.resolve(group + ".trace.gz").toString(), System.in);
        List<GoldenTrace> golden =
                GoldenResults.readFile(TRACES.resolve(group + ".golden.gz").toString(), System.in);
        List<String> wrong = new ArrayList<>();
        int judged = 0;
        for (int i = 0; i < traces.size(); i++) {
            judged += judge(new PageOracle(rules), traces.get(i), golden.get(i), wrong);
        }
        assertEquals("", String.join("\n", wrong));
        assertTrue(judged > 400, group + ": " + judged);
    }

    @Test
    void wrongHashIsFound() {
        PageOracle oracle = new PageOracle(ROOMY);
        KernelTrace trace =
                KernelTrace.readFile(TRACES.resolve("basic.trace.gz").toString(), System.in)
                        .getFirst();
        KernelOperation map = trace.operations().getFirst();
        assertEquals("", oracle.judge(map, "ok"));
        String expected =
                oracle.judge(new KernelOperation.ReadPage(0, "A", 0), "h=0000000000000000");
        assertTrue(expected.matches("h=[0-9a-f]{16}"), expected);
        assertEquals("", oracle.judge(new KernelOperation.ReadPage(0, "A", 0), expected));
    }
}
