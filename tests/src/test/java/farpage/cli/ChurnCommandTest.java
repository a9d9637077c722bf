package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/// `run churn` on real devices: what is free stays in large pieces, and no byte is lost.
final class ChurnCommandTest {
    private static CommandRun churn(String... more) {
        String[] all = new String[more.length + 3];
        all[0] = "run";
        all[1] = "churn";
        all[2] = "--device-memory=16M";
        System.arraycopy(more, 0, all, 3, more.length);
        return CommandRun.of(all);
    }

    @Test
    void reportTellsTheShareOfLargePieces() {
        CommandRun run = churn("--duration=1s");
        assertEquals(0, run.exitCode(), run.toString());
        assertTrue(
                run.out().matches("(?s).*half free +at [1-9].* of the free memory was in pieces.*"),
                run.out());
        assertTrue(run.out().contains("nothing wrong; all pages were given back"), run.out());
        assertTrue(run.out().contains("hugepages-2048kB"), run.out());
        assertTrue(run.out().contains("hugepages-16kB"), run.out());
        assertEquals("digest be3ef3214225d98e", run.outLines().getLast());
    }

    @Test
    void digestDependsOnTheSeedAloneAndRowsTellTheCounters() {
        CommandRun run = churn("--duration=200ms", "--orders=9", "--format=json");
        assertEquals(0, run.exitCode(), run.toString());
        String row = run.outLines().getLast();
        assertTrue(row.contains("\"name\":\"churn\""), row);
        assertTrue(row.contains("\"orders\":\"0,9\""), row);
        assertTrue(row.contains("\"hugepages-2048kB\":{\"alloc\":"), row);
        assertTrue(row.contains("\"digest\":\"be3ef3214225d98e\""), row);
        assertTrue(run.outLines().get(1).contains("\"bench\":\"churnSample\""), run.out());
    }

    @Test
    void listsOfOrdersThatMakeNoSenseAreRefused() {
        CommandRun run = churn("--orders=2-10");
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(run.err().contains("right would be 9, 2-9"), run.err());
        CommandRun little = CommandRun.of("run", "churn", "--device-memory=1M");
        assertEquals(2, little.exitCode(), little.toString());
        assertTrue(little.err().contains("right would be at least 16 MiB"), little.err());
    }
}
