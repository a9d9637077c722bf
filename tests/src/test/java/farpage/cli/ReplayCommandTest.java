package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Replays what the real kernel was recorded with.
final class ReplayCommandTest {
    private static final Path TRACES = Path.of("src/test/resources/traces/kernel");
    @TempDir Path folder = Path.of("");

    private static String trace(String group) {
        return TRACES.resolve(group + ".trace.gz").toString();
    }

    private static String golden(String group) {
        return TRACES.resolve(group + ".golden.gz").toString();
    }

    private static String unpacked(String file) throws IOException {
        try (InputStream stream = new GZIPInputStream(Files.newInputStream(Path.of(file)))) {
            return new String(stream.readAllBytes(), StandardCharsets.US_ASCII);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void everyRecordedResultIsReproduced(String binding) {
        List<String> args = new ArrayList<>(List.of("replay", "--binding=" + binding));
        for (String group :
                List.of(
                        "basic", "release", "twodev", "protect", "vma", "fork", "excl", "ksm",
                        "shared")) {
            args.add(trace(group));
            args.add("--golden=" + golden(group));
        }
        CommandRun run = CommandRun.of(args.toArray(String[]::new));
        assertEquals("214 traces, 27383 operations, 0 differ\n", run.out(), run.toString());
        assertEquals(0, run.exitCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void everyResultRecordedWithCoherentDevicesIsReproduced(String binding) {
        List<String> args =
                new ArrayList<>(List.of("replay", "--coherent", "--binding=" + binding));
        for (String group :
                List.of("basic", "twodev", "protect", "vma", "fork", "excl", "shared")) {
            args.add(trace("coherent-" + group));
            args.add("--golden=" + golden("coherent-" + group));
        }
        CommandRun run = CommandRun.of(args.toArray(String[]::new));
        assertEquals("190 traces, 24358 operations, 0 differ\n", run.out(), run.toString());
        assertEquals(0, run.exitCode());
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void everyResultRecordedWithHugePagesIsReproduced(String binding) {
        List<String> args = new ArrayList<>(List.of("replay", "--binding=" + binding));
        for (String group : List.of("thp", "thpvma", "thpfork", "fail", "mixed")) {
            args.add(trace(group));
            args.add("--golden=" + golden(group));
        }
        CommandRun run = CommandRun.of(args.toArray(String[]::new));
        assertEquals("186 traces, 23468 operations, 0 differ\n", run.out(), run.toString());
        assertEquals(0, run.exitCode());
    }

    /// A device's folio that comes back is writable, and a device reads the pages it asked for.
    @Test
    void whatLinuxMeansToDoDiffersFromItsRecordings() {
        CommandRun run =
                CommandRun.of(
                        "replay", "--mended", trace("thpfork"), "--golden=" + golden("thpfork"));
        assertFalse(run.out().endsWith(" 0 differ\n"), run.toString());
        assertEquals(1, run.exitCode());
    }

    @Test
    void printedResultsAreTheRecordedFile() throws IOException {
        CommandRun run = CommandRun.of("replay", trace("release"));
        assertEquals(unpacked(golden("release")), run.out());
    }

    @Test
    void deviceIsToldOfPagesOfAnotherOneWhereDevicesUseEachOthersMemory() throws IOException {
        String lines =
                "=== a\nmap A 1 private\nwrite A 0 1\nmigdev A 0 1\ndread A 0 1 @1\nsnap A 0 1 @1\n";
        Path file = Files.writeString(folder.resolve("a.trace"), lines);
        for (String form : List.of("unified", "two-pages")) {
            CommandRun run = CommandRun.of("replay", file.toString(), "--peer=" + form);
            assertTrue(run.out().contains("\n5 snap 0 cp=1 32*1\n"), run.toString());
        }
        CommandRun alone = CommandRun.of("replay", file.toString());
        assertTrue(alone.out().contains("\n5 snap 0 cp=1 02*1\n"), alone.toString());
    }

    @Test
    void basePagesAreJoinedOnTheirWayWhereThatIsAskedFor() throws IOException {
        String lines =
                """
                === a
                map A 512 private
                madvise A 0 512 populate-write
                migdev A 0 512
                snap A 0 512
                """;
        Path file = Files.writeString(folder.resolve("a.trace"), lines);
        CommandRun joined = CommandRun.of("replay", file.toString(), "--collapse");
        assertTrue(joined.out().contains("\n4 snap 0 cp=512 26*512\n"), joined.toString());
        CommandRun apart = CommandRun.of("replay", file.toString());
        assertTrue(apart.out().contains("\n4 snap 0 cp=512 22*512\n"), apart.toString());
    }

    @Test
    void viewsFollowTheResultsOfEachTrace() throws IOException {
        String lines = "=== a\nmap A 2 private\nwrite A 0 1\nmigdev A 0 1\n";
        Path file = Files.writeString(folder.resolve("a.trace"), lines);
        CommandRun run = CommandRun.of("replay", file.toString(), "--show=maps,pagemap");
        String[] results = run.out().split("(?<=ok\n)# ", 2);
        assertTrue(results[0].endsWith("\n=== end a ok\n"), run.toString());
        assertTrue(
                results[1].startsWith(
                        "/proc/1/maps\n1000000000-1000002000 rw-p 00000000 00:00 0 \n"
                                + "# /proc/1/pagemap\n1000000000-1000001000 408000000000001c"
                                + " swapped type 28 offset 0 soft-dirty (1 page)\n"),
                run.toString());
        CommandRun earlier =
                CommandRun.of("replay", file.toString(), "--show=pagemap", "--show-after=2");
        assertTrue(
                earlier.out().contains("\n1000000000-1000001000 818000000000"), earlier.toString());
        assertEquals(2, CommandRun.of("replay", file.toString(), "--show=map").exitCode());
    }

    @Test
    void viewsGoBeforeTheLineThatCountsDifferences() {
        CommandRun run =
                CommandRun.of(
                        "replay",
                        trace("release"),
                        "--golden=" + golden("release"),
                        "--show=vmstat,ksm");
        assertTrue(run.out().startsWith("# /proc/vmstat\nnr_free_pages "), run.out());
        assertTrue(run.out().contains("\n# /sys/kernel/mm/ksm\npages_shared 0\n"), run.out());
        assertTrue(run.out().endsWith("\n13 traces, 1686 operations, 0 differ\n"), run.out());
    }

    @Test
    void changedResultIsFoundAndCounted() throws IOException {
        String changed =
                unpacked(golden("release"))
                        .replaceFirst("\n8 read h=[0-9a-f]+\n", "\n8 read SEGV\n");
        Path file = Files.writeString(folder.resolve("changed"), changed);
        CommandRun run = CommandRun.of("replay", trace("release"), "--golden=" + file);
        assertEquals(1, run.exitCode());
        assertTrue(run.out().contains("  - 8 read SEGV    <- line "), run.out());
        assertTrue(run.out().endsWith("\n13 traces, 1686 operations, 1 differ\n"), run.out());
    }

    @Test
    void resultsOfAnotherGroupAreAUsageError() {
        CommandRun run = CommandRun.of("replay", trace("release"), "--golden=" + golden("basic"));
        assertEquals(2, run.exitCode());
        assertTrue(run.err().contains("the same traces in the same order"), run.err());
        assertEquals(2, CommandRun.of("replay", trace("basic"), "--golden=").exitCode());
        assertEquals(
                2,
                CommandRun.of(
                                "replay",
                                trace("basic"),
                                trace("release"),
                                "--golden=" + golden("basic"))
                        .exitCode());
    }

    @Test
    void garbageIsNamedWithFileAndLine() throws IOException {
        Path file = Files.writeString(folder.resolve("bad.trace"), "=== a\nmap A 1 privat\n");
        CommandRun run = CommandRun.of("replay", file.toString());
        assertEquals(2, run.exitCode());
        assertTrue(run.err().startsWith("farpage: " + file + ":2: found 'privat'"), run.err());
    }

    @Test
    void strayEndOfAForkIsNamedWithFileAndLine() throws IOException {
        Path file =
                Files.writeString(folder.resolve("a.trace"), "=== a\nmap A 1 private\nfork-end\n");
        CommandRun run = CommandRun.of("replay", "--quiet", file.toString());
        assertEquals(2, run.exitCode());
        assertTrue(run.err().startsWith("farpage: " + file + ":3: found 'fork-end'"), run.err());
    }

    @Test
    void deviceMemoryBelowAPageIsAUsageError() {
        CommandRun run = CommandRun.of("replay", trace("basic"), "--device-memory=1k");
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(run.err().contains("--device-memory"), run.err());
    }

    @Test
    void interruptionEndsWith130AndLeavesNoFile() {
        Path output = folder.resolve("results");
        CommandRun run =
                CommandRun.interruptedAfter(0, "replay", trace("basic"), "--output=" + output);
        assertEquals(130, run.exitCode(), run.toString());
        assertTrue(Files.notExists(output));
    }
}
