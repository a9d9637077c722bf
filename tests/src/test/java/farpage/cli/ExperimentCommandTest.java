package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClBindings;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `experiment` on real devices. The figures of so few moves mean nothing.
final class ExperimentCommandTest {
    private static final List<String> SMALL =
            List.of("experiment", "large-folios", "--size=4MiB", "--runs=1", "--warm-up=0");

    @TempDir Path folder = Path.of("");

    private static String[] small(String... more) {
        return Stream.concat(SMALL.stream(), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void withoutANameTheyAreListed() {
        CommandRun text = CommandRun.of("experiment");
        assertEquals(0, text.exitCode(), text.toString());
        assertTrue(text.out().startsWith("large-folios   What does it cost"), text.out());
        CommandRun json = CommandRun.of("experiment", "--format=json");
        assertEquals(1 + Experiments.ALL.size(), json.outLines().size(), json.toString());
        assertTrue(json.outLines().get(1).contains("\"name\":\"large-folios\""), json.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void everyOrderMovesWholeAndSplitWithItsDataIntact(String binding) {
        CommandRun run = CommandRun.of(small("--format=json", "--binding=" + binding));
        assertEquals(0, run.exitCode(), run.toString());
        List<String> rows = run.outLines();
        assertEquals(1 + 3 * 2 * 17 + 2 + 3, rows.size(), run.out());
        assertTrue(rows.getFirst().contains("\"unifiedHostMemory\""), rows.getFirst());
        for (int order : new int[] {0, 2, 3, 4, 5, 6, 7, 8, 9}) {
            for (String direction : List.of("toDevice", "toSystem")) {
                String whole = row(rows, "fault %s order %d whole".formatted(direction, order));
                assertTrue(whole.contains("\"movedPages\":" + (1 << order) + ","), whole);
                String block = row(rows, "block %s order %d whole".formatted(direction, order));
                assertTrue(block.contains("\"movedPages\":512,"), block);
                assertTrue(block.contains("\"verified\":true"), block);
            }
        }
    }

    @Test
    void deviceOffsetMovesInBothNumberSpacesAndFindsWindowsOrNone() {
        CommandRun run =
                CommandRun.of(
                        "experiment",
                        "device-offset",
                        "--size=2MiB",
                        "--runs=1",
                        "--warm-up=0",
                        "--format=json");
        assertEquals(0, run.exitCode(), run.toString());
        List<String> rows = run.outLines();
        assertTrue(row(rows, "window 39 bits 1 TiB").contains("\"one\":false"), run.out());
        assertTrue(row(rows, "window 46 bits 1 TiB").contains("\"one\":true"), run.out());
        for (String space : List.of("offset", "physical")) {
            for (String direction : List.of("toDevice", "toSystem")) {
                String moved = row(rows, "migration %s %s".formatted(space, direction));
                assertTrue(moved.contains("\"bytes\":2097152"), moved);
            }
        }
    }

    private static String row(List<String> rows, String name) {
        return rows.stream()
                .filter(row -> row.contains("\"name\":\"" + name + "\""))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not there"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void secondDeviceReadsPagesOfTheFirstInEveryForm(String binding) {
        CommandRun run =
                CommandRun.of(
                        "experiment",
                        "peer",
                        "--size=64KiB",
                        "--runs=1",
                        "--warm-up=0",
                        "--format=json",
                        "--binding=" + binding);
        assertEquals(0, run.exitCode(), run.toString());
        List<String> rows = run.outLines();
        for (int pages : new int[] {1, 8, 16}) {
            String today = row(rows, "read %d today".formatted(pages));
            assertTrue(today.contains("\"migratedPages\":" + pages + ","), today);
            for (String form : List.of("two-pages", "unified", "unified-staged")) {
                String read = row(rows, "read %d %s".formatted(pages, form));
                assertTrue(read.contains("\"migratedPages\":0,"), read);
                String lost = row(rows, "revocation %d %s".formatted(pages, form));
                assertTrue(lost.contains("\"revokedPages\":" + pages), lost);
            }
        }
        assertTrue(row(rows, "descriptors two-pages").contains("\"bytesPerPage\":128"), run.out());
        assertEquals(2, CommandRun.of("experiment", "peer", "--size=5000").exitCode());
        assertEquals(2, CommandRun.of("experiment", "peer", "--orders=0").exitCode());
    }

    @Test
    void reportAndPageAreWrittenTogether() throws IOException {
        Path page = folder.resolve("page.html");
        CommandRun run = CommandRun.of(small("--orders=0,9", "--html=" + page));
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("one folio of 2 MiB takes"), run.out());
        String html = Files.readString(page);
        assertTrue(html.startsWith("<!DOCTYPE html>"), html);
        assertTrue(html.endsWith("</html>\n"), html);
    }

    @ParameterizedTest
    @CsvSource({
        "nosuch, right would be large-folios",
        "large-folios --size=3MiB, limit=n*2 MiB",
        "large-folios --size=0, limit=n*2 MiB",
        "large-folios --size=2MB, right would be 4k",
        "large-folios --orders=1, --orders",
        "large-folios --orders=x, not a whole number",
        "large-folios --runs=0, limit=1",
        "large-folios --runs=99999999999, --runs",
        "large-folios --html=/no/such/folder/page.html, --html: ",
        "--html=page.html, a NAME before it",
        "large-folios surplus, surplus"
    })
    void whatMakesNoSenseIsOneLineAndNothingIsMeasured(String line, String expected) {
        CommandRun run = CommandRun.of(("experiment " + line).split(" ", -1));
        assertEquals(2, run.exitCode(), run.toString());
        assertEquals("", run.out());
        assertTrue(run.err().contains(expected), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    @Test
    void failingDeviceEndsItWithNothingLeftAndNoPage() {
        Path page = folder.resolve("page.html");
        FaultPlan plan = FaultPlan.explicit().fail(CallKind.WRITE, 40, ClError.INVALID_VALUE);
        CommandRun run =
                CommandRun.on(
                        name -> new InjectingBinding(ClBindings.open(name), plan),
                        small("--orders=0", "--html=" + page));
        assertEquals(3, run.exitCode(), run.toString());
        assertFalse(run.err().contains("giving things back"), run.err());
        assertTrue(Files.notExists(page));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 10, 300})
    void interruptionEndsItWithNothingLeftAndNoPage(int clockReads) {
        Path page = folder.resolve("page.html");
        CommandRun run =
                CommandRun.interruptedAfter(
                        clockReads,
                        "experiment",
                        "large-folios",
                        "--size=2MiB",
                        "--runs=100",
                        "--orders=0",
                        "--html=" + page);
        assertEquals(130, run.exitCode(), run.toString());
        assertTrue(Files.notExists(page));
    }
}
