package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClBindings;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `bench fault` on real devices. The figures of so few faults mean nothing.
final class FaultBenchCommandTest {
    private static String[] small(String... more) {
        return Stream.concat(
                        Stream.of("bench", "fault", "--size=2MiB", "--faults=16", "--quiet"),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void everyRowHasTheFieldsOfItsSchema(String binding) {
        CommandRun run =
                CommandRun.of(small("--order=0,9", "--format=json", "--binding=" + binding));
        assertEquals(0, run.exitCode(), run.toString());
        List<String> lines = run.outLines();
        assertEquals(1 + 2 * 2, lines.size(), run.out());
        assertTrue(lines.getFirst().contains("\"context\":\"bench\""), lines.getFirst());
        assertTrue(lines.getFirst().contains("\"name\":\"fault\""), lines.getFirst());
        for (String row : lines.subList(1, lines.size())) {
            assertTrue(
                    row.startsWith(
                            "{\"schema\":\"farpage.bench/1\",\"bench\":\"fault\",\"status\":\"ok\","),
                    row);
            assertTrue(
                    row.matches(
                            ".*\"kind\":\"(cpu|device)\",\"order\":[09],\"bytes\":\\d+,\"micros\":"
                                    + "\\{\"median\":[^}]*\"p50\":[^}]*\"p90\":[^}]*\"p999\":[^}]*"
                                    + "\"max\":[^}]*},\"rawMicros\":\\{.*},\"ratio\":[\\d.E-]+,"
                                    + "\"modelMicros\":\\{.*},\"faultsPerSecond\":[\\d.E]+,"
                                    + "\"verified\":true}"),
                    row);
        }
        assertFalse(run.out().contains("NaN"), run.out());
    }

    @Test
    void rowsAreThoseThatAreAskedFor() {
        CommandRun run = CommandRun.of(small("--kind=cpu", "--order=2", "--format=json"));
        assertEquals(0, run.exitCode(), run.toString());
        assertEquals(2, run.outLines().size(), run.out());
        assertTrue(run.outLines().getLast().contains("\"kind\":\"cpu\",\"order\":2,"), run.out());
        assertTrue(run.outLines().getLast().contains("\"reps\":128"), run.out());
    }

    @Test
    void peopleSeeATable() {
        CommandRun run = CommandRun.of(small("--order=0"));
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("\nkind    order  faults "), run.out());
        assertTrue(run.out().contains("\nfound        cpu, 4 KiB: p50 "), run.out());
        assertTrue(run.out().endsWith("2 ok, 0 failed, 0 skipped\n"), run.out());
    }

    @Test
    void dataThatDeviceChangedFailTheirRow() {
        FaultPlan plan = FaultPlan.explicit();
        for (int read = 1; read <= 2000; read++) {
            plan.corrupt(CallKind.READ, read, 100);
        }
        CommandRun run =
                CommandRun.on(
                        name -> new InjectingBinding(ClBindings.open(name), plan),
                        small("--order=0", "--format=json"));
        assertEquals(1, run.exitCode(), run.toString());
        assertEquals(2, count(run, "\"status\":\"failed\",\"reason\":\"data differ at "));
        assertEquals(2, count(run, "\"verified\":false"));
    }

    @Test
    void verificationCanBeTried() {
        CommandRun run = CommandRun.of(small("--order=4", "--inject=corrupt", "--format=json"));
        assertEquals(1, run.exitCode(), run.toString());
        assertEquals(2, count(run, "\"status\":\"failed\",\"reason\":\"data differ at "));
    }

    private static long count(CommandRun run, String text) {
        return run.outLines().stream().filter(line -> line.contains(text)).count();
    }

    @Test
    void failedCopyEndsTheCommand() {
        FaultPlan plan =
                FaultPlan.seeded(
                        1, 1_000_000, Set.of(CallKind.READ), ClError.INVALID_COMMAND_QUEUE);
        CommandRun run =
                CommandRun.on(
                        name -> new InjectingBinding(ClBindings.open(name), plan),
                        small("--order=0"));
        assertEquals(3, run.exitCode(), run.toString());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--kind=gpu | --kind: no 'gpu'; right would be cpu, device",
                "--order=1 | orders: value=[1], limit=of [0, 2, 3, 4, 5, 6, 7, 8, 9]",
                "--order=10 | limit=of [0, 2, 3, 4, 5, 6, 7, 8, 9]",
                "--faults=-1 | faults: value=-1, limit=1 to",
                "--size=3k | bytes: value=3072, limit=n*2 MiB",
                "--inject=luck | --inject: no 'luck'; right would be corrupt",
            })
    void whatMakesNoSenseIsAUsageError(String option, String message) {
        CommandRun run = CommandRun.of("bench", "fault", option);
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(run.err().contains(message), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
        assertEquals("", run.out());
    }
}
