package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// An earlier run that a benchmark is compared with.
final class BaselineTest {
    @TempDir Path folder = Path.of("");

    private static Row context(String device) {
        return new Row()
                .put("schema", Row.SCHEMA)
                .put("context", "bench")
                .put("device", device)
                .put("driver", "1")
                .put("cpu", "c");
    }

    private static Row migrate(int batchPages, double ratio) {
        return Row.ok("migrate")
                .put("direction", "toDevice")
                .put("order", 0)
                .put("layout", "scattered")
                .put("batchPages", batchPages)
                .put("bytes", 1 << 20)
                .put("gbps", new Row().put("median", 4.5).put("p99", 4.0).put("reps", 7))
                .put("ratio", ratio);
    }

    private String file(Row... rows) throws IOException {
        Path file = folder.resolve("earlier.json");
        try (PrintStream out =
                new PrintStream(Files.newOutputStream(file), false, StandardCharsets.UTF_8)) {
            RowOutput output = RowOutput.of(OutputFormat.JSON, out);
            output.context(context("d"));
            List.of(rows).forEach(output::row);
            output.end();
        }
        return file.toString();
    }

    private static List<String> compare(String file, double limit, Row... rows) {
        return Baseline.read(Bench.MIGRATE, file, OptionalDouble.of(limit))
                .compare(context("d"), List.of(rows));
    }

    @ParameterizedTest
    @CsvSource({"0.80, 0.73, ok", "0.80, 0.71, failed", "0.80, 0.95, ok"})
    void rowThatIsWorseByMoreThanTheLimitHasFailed(double then, double now, String status)
            throws IOException {
        Row row = migrate(512, now);
        assertEquals(List.of(), compare(file(migrate(512, then)), 0.1, row));
        assertEquals(status, row.text("status"));
        assertEquals(then, row.inner("baseline").figure("ratio").orElseThrow(), 1e-9);
        assertEquals(
                now / then - 1, row.inner("baseline").figure("ratioChange").orElseThrow(), 1e-9);
        assertEquals(status.equals("failed"), row.has("reason"));
    }

    @Test
    void latencyMayNotGrow() throws IOException {
        Row before = Row.ok("fault").put("kind", "cpu").put("order", 0).put("ratio", 1.0);
        Row row = Row.ok("fault").put("kind", "cpu").put("order", 0).put("ratio", 1.2);
        Baseline.read(Bench.FAULT, file(before), OptionalDouble.of(0.1))
                .compare(context("d"), List.of(row));
        assertEquals("failed", row.text("status"));
        assertTrue(row.text("reason").contains("by 20.0 %; allowed is 10.0 %"), row.text("reason"));
    }

    @Test
    void withoutALimitNothingFails() throws IOException {
        Row row = migrate(512, 0.1);
        Baseline.read(Bench.MIGRATE, file(migrate(512, 0.9)), OptionalDouble.empty())
                .compare(context("d"), List.of(row));
        assertEquals("ok", row.text("status"));
        assertEquals("-88.9 %", Baseline.change(Bench.MIGRATE, row));
    }

    @Test
    void rowsOfOneSideAndAnotherDeviceAreSaid() throws IOException {
        String file = file(migrate(16, 0.5), migrate(512, 0.9));
        Row row = migrate(4096, 0.1);
        List<String> said =
                Baseline.read(Bench.MIGRATE, file, OptionalDouble.of(0))
                        .compare(context("other"), List.of(row, migrate(512, 0.9)));
        assertEquals(3, said.size(), said.toString());
        assertTrue(said.get(0).contains("device 'd', this run with 'other'"), said.get(0));
        assertTrue(said.get(1).startsWith("not in "), said.get(1));
        assertTrue(said.get(1).contains("batchPages 4096"), said.get(1));
        assertTrue(said.get(2).contains("only: direction toDevice, order 0"), said.get(2));
        assertFalse(row.has("baseline"));
    }

    @Test
    void failedRowsAreNotCompared() throws IOException {
        Row before = migrate(512, 0.9).fail("wrong");
        Row row = migrate(512, 0.1);
        assertEquals(1, compare(file(before), 0.1, row).size());
        assertEquals("ok", row.text("status"));
    }

    @Test
    void failedRowTellsWhyBehindItsStatus() {
        assertEquals(
                List.of("schema", "bench", "status", "reason", "direction"),
                List.copyOf(migrate(1, 1).fail("why").values().keySet()).subList(0, 5));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{",
                "[]",
                "{\"schema\":\"farpage.bench/1\",\"context\":\"bench\"}",
                "{\"context\":\"bench\"}\n{\"bench\":\"migrate\"}",
                "{\"schema\":\"farpage.bench/1\",\"context\":\"x\"}\n{\"schema\":null}"
            })
    void whatIsNoReportIsRefused(String text) throws IOException {
        Path file = folder.resolve("wrong.json");
        Files.writeString(file, text);
        CliFailure failure =
                assertThrows(CliFailure.class, () -> RowReader.read("--baseline", file.toString()));
        assertEquals(ExitCode.USAGE, failure.exitCode());
        assertTrue(
                String.valueOf(failure.getMessage()).startsWith("--baseline: " + file),
                failure.toString());
    }

    @Test
    void reportOfAnotherBenchmarkIsRefused() throws IOException {
        String file = file(migrate(16, 1));
        CliFailure failure =
                assertThrows(
                        CliFailure.class,
                        () -> Baseline.read(Bench.COPY, file, OptionalDouble.empty()));
        assertTrue(
                String.valueOf(failure.getMessage()).contains("no rows of 'bench copy'"),
                failure.toString());
    }

    @Test
    void everythingThatIsWrittenCanBeReadAgain() throws IOException {
        Row row = migrate(16, 0.25).put("verified", true).put("list", List.of("a", "b"));
        RowReader.Report report = RowReader.read("--baseline", file(row));
        Row read = report.rows().getFirst();
        assertEquals(4.5, read.figure("gbps").orElseThrow());
        assertEquals(row.values().keySet(), read.values().keySet());
        assertEquals("true", read.text("verified"));
        assertEquals("[a, b]", read.text("list"));
        assertEquals("d", report.context().text("device"));
    }
}
