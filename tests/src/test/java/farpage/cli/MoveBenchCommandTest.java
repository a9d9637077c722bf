package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `bench copy` and `bench migrate` on a real device. The figures of so few moves mean nothing.
final class MoveBenchCommandTest {
    private static final List<String> SMALL =
            List.of("--quick", "--span=8MiB", "--move=2MiB", "--rounds=1", "--layout=scattered");

    /// Every field that scripts rely on, and where its numbers stand.
    private static final List<String> NUMBERS =
            List.of(
                    "batchPages",
                    "inFlight",
                    "bytes",
                    "gbps.median",
                    "gbps.p99",
                    "gbps.reps",
                    "rawGbps.median",
                    "rawGbps.p99",
                    "rawGbps.reps",
                    "ratio",
                    "patternGbps.median",
                    "patternGbps.p99",
                    "patternGbps.reps",
                    "patternRatio");

    @TempDir Path folder = Path.of("");

    private static CommandRun bench(String bench, String... more) {
        return CommandRun.of(
                Stream.of(Stream.of("bench", bench), SMALL.stream(), Arrays.stream(more))
                        .flatMap(words -> words)
                        .toArray(String[]::new));
    }

    private static void assertNumber(String row, String name) {
        String[] names = name.split("\\.", -1);
        int at = 0;
        for (String each : names) {
            at = row.indexOf("\"" + each + "\":", at);
            assertTrue(at >= 0, name + " is not in " + row);
            at += each.length() + 3;
        }
        String value = row.substring(at).split("[,}]", -1)[0];
        assertTrue(Double.isFinite(Double.parseDouble(value)), name + " is " + value);
    }

    @Test
    void rowsOfCopyHaveEveryField() {
        CommandRun run = bench("copy", "--batch=16", "--method=plan,direct", "--format=json");
        assertEquals(0, run.exitCode(), run.toString());
        List<String> rows = run.outLines();
        assertEquals(1 + 2 * 3 + 2, rows.size(), run.out());
        for (String row : rows.subList(1, rows.size())) {
            assertTrue(row.contains("\"schema\":\"farpage.bench/1\",\"bench\":\"copy\""), row);
            assertTrue(row.contains("\"status\":\"ok\""), row);
            assertTrue(row.contains("\"method\":\""), row);
            assertTrue(row.contains("\"layout\":\"scattered\",\"pageBytes\":4096"), row);
            assertTrue(row.contains("\"verified\":true"), row);
            NUMBERS.forEach(name -> assertNumber(row, name));
        }
        for (String direction : List.of("h2d", "d2h", "d2d")) {
            assertTrue(run.out().contains("\"direction\":\"" + direction + "\""), run.out());
        }
        for (String field : List.of("device", "driver", "cpu", "copyPlan", "seed", "jvm")) {
            assertTrue(rows.getFirst().contains("\"" + field + "\":"), rows.getFirst());
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void rowsOfMigrateHaveEveryField(String binding) {
        CommandRun run =
                bench(
                        "migrate",
                        "--order=0,2,9",
                        "--batch=512",
                        "--in-flight=1,3",
                        "--format=json",
                        "--binding=" + binding);
        assertEquals(0, run.exitCode(), run.toString());
        List<String> rows = run.outLines();
        assertEquals(1 + 2 * 2 * 3, rows.size(), run.out());
        assertEquals(6, rows.stream().filter(row -> row.contains("\"inFlight\":3")).count());
        for (String row : rows.subList(1, rows.size())) {
            assertTrue(row.contains("\"bench\":\"migrate\",\"status\":\"ok\""), row);
            assertTrue(row.contains("\"layout\":\"scattered\",\"batchPages\":512"), row);
            assertTrue(row.contains("\"verified\":true"), row);
            NUMBERS.forEach(name -> assertNumber(row, name));
            for (String phase :
                    List.of("collect", "unmap", "allocate", "copy", "pages", "finish")) {
                assertNumber(row, "phaseMicros." + phase + ".median");
            }
        }
    }

    @Test
    void csvHasTheSameFieldsInColumns() {
        CommandRun run =
                bench("migrate", "--order=0", "--batch=16", "--in-flight=4", "--format=csv");
        assertEquals(0, run.exitCode(), run.toString());
        List<String> lines = run.outLines().stream().filter(line -> !line.startsWith("#")).toList();
        List<String> names = List.of(lines.getFirst().split(",", -1));
        assertTrue(names.containsAll(NUMBERS), names.toString());
        assertTrue(names.contains("phaseMicros.unmap.p99"), names.toString());
        assertEquals(1 + 2, lines.size(), run.out());
        assertEquals(names.size(), lines.getLast().split(",", -1).length, lines.getLast());
    }

    @Test
    void contiguousRowsAreMeasuredToo() {
        CommandRun run =
                CommandRun.of(
                        "bench",
                        "migrate",
                        "--quick",
                        "--span=4MiB",
                        "--move=2MiB",
                        "--rounds=1",
                        "--order=9",
                        "--batch=512",
                        "--in-flight=1",
                        "--format=tap");
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("ok 1 toDevice order 9 contiguous"), run.out());
        assertTrue(run.out().contains("# Totals: pass:4 fail:0"), run.out());
    }

    @ParameterizedTest
    @CsvSource({"copy, --method=direct", "migrate, --order=0"})
    void corruptedDataMakeFailedRows(String bench, String filter) {
        CommandRun run = bench(bench, "--batch=16", filter, "--inject=corrupt", "--format=json");
        assertEquals(1, run.exitCode(), run.toString());
        List<String> rows = run.outLines();
        for (String row : rows.subList(1, rows.size())) {
            assertTrue(row.contains("\"status\":\"failed\",\"reason\":\"byte "), row);
            assertTrue(row.contains("\"verified\":false"), row);
        }
    }

    @Test
    void rowWorseThanItsBaselineFails() throws IOException {
        Path file = folder.resolve("migrate.json");
        String[] row = {"--order=0", "--batch=512", "--direction=toSystem"};
        CommandRun before =
                bench("migrate", row[0], row[1], row[2], "--format=json", "--output=" + file);
        assertEquals(0, before.exitCode(), before.toString());
        Files.writeString(
                file, Files.readString(file).replaceAll("\"ratio\":[0-9.E-]+", "\"ratio\":1000.0"));
        CommandRun worse =
                bench("migrate", row[0], row[1], row[2], "--baseline=" + file, "--fail-over=10%");
        assertEquals(1, worse.exitCode(), worse.toString());
        assertTrue(worse.out().contains("failed: ratio "), worse.out());
        assertTrue(worse.out().contains("change"), worse.out());
        CommandRun shown = bench("migrate", row[0], row[1], row[2], "--baseline=" + file);
        assertEquals(0, shown.exitCode(), shown.toString());
    }

    @Test
    void rowsThatDoNotFitAreSkippedWithTheReason() {
        CommandRun run = bench("copy", "--batch=4096", "--format=json", "--direction=h2d");
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("\"status\":\"skipped\",\"reason\":\"needs "), run.out());
    }

    @ParameterizedTest
    @CsvSource({
        "copy --direction=up, right would be of h2d",
        "copy --method=magic, right would be of plan",
        "copy --in-flight=5, right would be 1 to 4",
        "copy --batch=0, right would be 1 to",
        "copy --inject=fire, right would be of corrupt",
        "copy --span=5k, right would be a multiple",
        "copy --direction=d2d --method=mapped, leave no row",
        "migrate --order=1, right would be 0 or 2 to 9",
        "migrate --order=9 --batch=16, whole folios",
        "migrate --direction=h2d, right would be of toDevice",
        "migrate --fail-over=10%, right would be a --baseline",
        "migrate --fail-over=ten, right would be 10%",
        "migrate --baseline=/no/such/file, it does not exist",
        "migrate --rounds=-1, right would be 1 to"
    })
    void whatMakesNoSenseIsOneLineAndNothingIsMeasured(String line, String expected) {
        CommandRun run = CommandRun.of(("bench " + line).split(" ", -1));
        assertEquals(2, run.exitCode(), run.toString());
        assertEquals("", run.out());
        assertTrue(run.err().contains(expected), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    @ParameterizedTest
    @CsvSource({"copy, 1", "copy, 60", "migrate, 1", "migrate, 60"})
    void interruptionEndsItWithNothingLeftAndNoFile(String bench, int clockReads) {
        Path file = folder.resolve("rows.json");
        CommandRun run =
                CommandRun.interruptedAfter(
                        clockReads,
                        "bench",
                        bench,
                        "--quick",
                        "--span=8MiB",
                        "--move=1MiB",
                        "--batch=512",
                        "--output=" + file);
        assertEquals(130, run.exitCode(), run.toString());
        assertTrue(Files.notExists(file));
        assertFalse(run.err().contains("giving things back"), run.err());
    }
}
