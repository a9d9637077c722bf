package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `experiment coherent` and nodes of a device's memory on real devices. Times of so few runs mean
/// nothing; counts do.
final class CoherentExperimentTest {
    private static CommandRun small(String... more) {
        List<String> line =
                new ArrayList<>(List.of("experiment", "coherent", "--size=4MiB", "--runs=1"));
        line.addAll(List.of(more));
        return CommandRun.of(line.toArray(String[]::new));
    }

    private static String row(CommandRun run, String name) {
        return run.outLines().stream()
                .filter(row -> row.contains("\"name\":\"" + name + "\""))
                .findFirst()
                .orElseThrow(() -> new AssertionError(name + " is not there: " + run));
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    @Tag("T-11.1")
    void onlyTheOpenNodeEndsUpWithPagesOfAProgramThatDidNotAskForIt(String binding) {
        CommandRun run = small("--warm-up=0", "--format=json", "--binding=" + binding);
        assertEquals(0, run.exitCode(), run.toString());
        for (String kept : List.of("shortage device_pages", "shortage isolated")) {
            String row = row(run, kept);
            assertTrue(row.contains("\"strangerPages\":0,"), row);
            assertTrue(row.contains("\"ownPagesLeft\":512,"), row);
            assertTrue(row.contains("\"restPages\":512,"), row);
            assertTrue(row.contains("\"ownPagesKept\":512,"), row);
        }
        assertTrue(row(run, "shortage open").contains("\"missed\":512,"), run.out());
        assertTrue(!row(run, "shortage demoting").contains("\"demoted\":0,"), run.out());
        assertTrue(row(run, "move node, device copies").contains("\"verified\":true"), run.out());
    }

    @Test
    void reportTellsBothDesignsAndWhatItCanNotTell() {
        CommandRun run = small("--warm-up=0");
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(run.out().contains("RAM short, isolated node: 0 pages"), run.out());
        assertTrue(run.out().contains("no kswapd"), run.out());
    }

    @ParameterizedTest
    @CsvSource({
        "experiment coherent --size=3MiB, limit=n*4 MiB",
        "experiment coherent --orders=9, --orders",
        "run stress --quiet --duration=1s --memory=6MiB --coherent-node=4MiB, multiples of 4194304",
        "run stress --quiet --duration=1s --coherent-node=1MiB, multiples of 4194304"
    })
    void whatMakesNoSenseIsOneLine(String line, String expected) {
        CommandRun run = CommandRun.of(line.split(" ", -1));
        assertEquals(2, run.exitCode(), run.toString());
        assertEquals("", run.out());
        assertTrue(run.err().contains(expected), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }

    @Test
    void stressRunsOnRamThatIsTooSmallWithANodeBesides() {
        CommandRun run =
                CommandRun.of(
                        "run",
                        "stress",
                        "--duration=2s",
                        "--threads=2",
                        "--memory=4MiB",
                        "--coherent-node=16MiB");
        assertEquals(0, run.exitCode(), run.toString());
    }
}
