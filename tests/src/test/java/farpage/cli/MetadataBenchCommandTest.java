package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `bench metadata`. The figures of so few pages mean nothing.
final class MetadataBenchCommandTest {
    private static String[] small(String... more) {
        return Stream.concat(
                        Stream.of(
                                "bench",
                                "metadata",
                                "--quick",
                                "--quiet",
                                "--pages=1024",
                                "--batch=100",
                                "--rounds=1",
                                "--device-memory=2MiB",
                                "--format=json"),
                        Stream.of(more))
                .toArray(String[]::new);
    }

    @Test
    void timesAreOfEveryLayoutAndNumberOfThreads() {
        CommandRun run =
                CommandRun.of(small("--what=migrateRoundTrip,pageTableWalk,initDeviceMemory"));
        assertEquals(0, run.exitCode(), run.toString());
        List<String> lines = run.outLines();
        assertEquals(1 + 3 * 2 + 3 * 2 + 1, lines.size(), run.out());
        assertTrue(lines.getFirst().contains("\"name\":\"metadata\""), lines.getFirst());
        for (String layout : List.of("contiguous", "runs", "scattered")) {
            for (int threads : new int[] {1, 2}) {
                String place =
                        "\"layout\":\"%s\",\"threads\":%d,\"pages\":1024,"
                                .formatted(layout, threads);
                String trip = "\"what\":\"migrateRoundTrip\"," + place + "\"batchPages\":100,";
                assertEquals(1, count(lines, trip), run.out());
                assertEquals(1, count(lines, "\"what\":\"pageTableWalk\"," + place), run.out());
            }
        }
        assertEquals(12, count(lines, "\"pagesPerSecond\":{\"median\":"), run.out());
        assertEquals(3, count(lines, "\"speedup\":"), run.out());
        assertEquals(13, count(lines, "\"status\":\"ok\""), run.out());
        assertEquals(13, count(lines, "\"copies\":\"off\""), run.out());
        String init = lines.getLast();
        assertTrue(init.contains("\"pages\":512,\"deviceMemoryBytes\":2097152,"), init);
        assertTrue(init.contains("\"initMicros\":{\"median\":"), init);
        assertFalse(run.out().contains("NaN"), run.out());
    }

    @Test
    void heapIsOfAPageInUse() {
        CommandRun run = CommandRun.of(small("--what=bytesPerPage", "--layout=scattered"));
        assertEquals(0, run.exitCode(), run.toString());
        String row = run.outLines().getLast();
        assertEquals(2, run.outLines().size(), run.out());
        assertTrue(row.contains("\"what\":\"bytesPerPage\",\"layout\":\"scattered\","), row);
        assertTrue(row.matches(".*\"bytesPerPage\":\\d+\\..*"), row);
    }

    private static long count(List<String> lines, String text) {
        return lines.stream().filter(line -> line.contains(text)).count();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "--what=all | --what: no 'all'; right would be migrateRoundTrip, pageTableWalk",
                "--layout=random | --layout: no 'random'; right would be contiguous, runs, scattered",
                "--threads=3 | threads: value=3, limit=1 to 2",
                "--pages=1000 | pages: value=1000, limit=1024 to",
                "--pages=1500 | pages: value=1500, limit=a power of two",
                "--batch=0 | batchPages: value=0, limit=1 to",
                "--rounds=-1 | rounds: value=-1, limit=1 to",
                "--device-memory=4k | initBytes: value=4096, limit=",
            })
    void whatMakesNoSenseIsAUsageError(String option, String message) {
        CommandRun run = CommandRun.of("bench", "metadata", option);
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(run.err().contains(message), run.err());
        assertEquals(1, run.err().lines().count(), run.err());
    }
}
