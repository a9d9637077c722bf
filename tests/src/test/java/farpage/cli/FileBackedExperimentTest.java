package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `experiment file-backed` on a small file. Its times mean nothing, its counts do.
final class FileBackedExperimentTest {
    private static String row(CommandRun run, String name) {
        return run.outLines().stream()
                .filter(row -> row.contains("\"name\":\"" + name + "\""))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not there: " + run));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void onlyPagesThatMovedAreBroughtBackAndOnlyCopiesAreDropped(String binding) {
        CommandRun run =
                CommandRun.of(
                        "experiment",
                        "file-backed",
                        "--size=64KiB",
                        "--runs=1",
                        "--warm-up=0",
                        "--format=json",
                        "--binding=" + binding);
        assertEquals(0, run.exitCode(), run.toString());
        for (String today : List.of("counts-buffer", "counts-system")) {
            assertTrue(row(run, today).contains("\"fetched\":0,\"dropped\":0,"), run.out());
        }
        assertTrue(row(run, "counts-migrate").contains("\"fetched\":48,\"dropped\":0,"), run.out());
        assertTrue(row(run, "counts-copy").contains("\"fetched\":0,\"dropped\":16,"), run.out());
        assertTrue(row(run, "sync-migrate").contains("\"verified\":true"), run.out());
    }

    @ParameterizedTest
    @CsvSource({
        "experiment file-backed --size=1000, limit=n*4 KiB up to 1 GiB",
        "experiment file-backed --runs=0, limit=1",
        "experiment file-backed --orders=9, --orders"
    })
    void whatMakesNoSenseIsOneLine(String line, String expected) {
        CommandRun run = CommandRun.of(line.split(" ", -1));
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(run.err().contains(expected), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }
}
