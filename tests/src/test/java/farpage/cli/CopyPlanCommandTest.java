package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// How commands come to the way that they copy pages: measured, kept, read again, or asked for.
/// What is measured is not looked at, only that it is used.
final class CopyPlanCommandTest {
    private static final String MEASURED = "copies pages best";

    @TempDir private Path cache = Path.of("");

    /// With a cache of the test's, and nothing said about copying.
    private CommandRun run(String... args) {
        return CommandRun.with(
                Map.of("FARPAGE_COPY", "", "XDG_CACHE_HOME", cache.toString()), args);
    }

    /// A command that would measure.
    private CommandRun runStress(String... more) {
        return run(
                Stream.concat(
                                Stream.of("run", "stress", "--duration=1ms", "--threads=1"),
                                Stream.of(more))
                        .toArray(String[]::new));
    }

    private List<Path> plans() throws IOException {
        Path folder = cache.resolve("farpage/copy-plans");
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.toList();
        }
    }

    @Test
    void deviceIsMeasuredAtItsFirstUseAndNotAgain() throws IOException {
        CommandRun before = run("doctor");
        assertTrue(before.out().contains("not measured yet"), before.toString());

        CommandRun first = runStress();
        assertEquals(0, first.exitCode(), first.toString());
        assertTrue(first.err().contains(MEASURED), first.err());
        assertEquals(1, plans().size());
        String kept = Files.readString(plans().getFirst());

        CommandRun second = runStress();
        assertEquals(0, second.exitCode(), second.toString());
        assertFalse(second.err().contains(MEASURED), second.err());
        assertEquals(kept, Files.readString(plans().getFirst()));
        assertEquals(first.outLines().getLast(), second.outLines().getLast());

        CommandRun after = run("doctor", "--format=json");
        assertTrue(after.out().contains("copy to device 0"), after.toString());
        assertTrue(after.out().contains("copy within device 0"), after.toString());
        assertTrue(after.out().contains(plans().getFirst().toString()), after.toString());

        Files.writeString(plans().getFirst(), "broken\n");
        CommandRun little = run("selftest", "hmm_device_private.open_close");
        assertEquals(0, little.exitCode(), little.toString());
        assertTrue(little.err().contains("left out of account"), little.err());

        CommandRun next = runStress();
        assertEquals(0, next.exitCode(), next.toString());
        assertEquals(1, next.err().lines().filter(line -> line.contains("again")).count());
        assertTrue(
                Files.size(plans().getFirst()) > "broken".length() + 1,
                "the file was not written anew");
    }

    @Test
    void commandWithoutACacheDoesItsWork() {
        CommandRun run =
                CommandRun.with(
                        Map.of("FARPAGE_COPY", "calibrate", "XDG_CACHE_HOME", "/proc/none"),
                        "selftest",
                        "hmm_device_private.open_close");

        assertEquals(0, run.exitCode(), run.toString());
        assertEquals(1, run.err().lines().filter(line -> line.contains("not kept")).count());
    }

    @Test
    void nothingIsMeasuredWhereTheWayIsSaidOrLittleIsCopied() throws IOException {
        assertEquals(0, runStress("--copy=default").exitCode());
        assertEquals(0, runStress("--copy=direct").exitCode());
        CommandRun selftest = run("selftest", "hmm_device_private.open_close", "--quiet");

        assertEquals(0, selftest.exitCode(), selftest.toString());
        assertEquals("", selftest.err());
        assertEquals(List.of(), plans());
    }

    @Test
    void methodThatDoesNotExistIsAUsageErrorThatListsThose() {
        CommandRun option = runStress("--copy=telepathy");
        assertEquals(2, option.exitCode(), option.toString());
        assertTrue(option.err().contains("--copy: no method 'telepathy'"), option.err());
        assertTrue(option.err().contains("direct, staged-item"), option.err());

        CommandRun variable =
                CommandRun.with(Map.of("FARPAGE_COPY", "telepathy"), "selftest", "open_close");
        assertEquals(2, variable.exitCode(), variable.toString());
        assertTrue(variable.err().contains("FARPAGE_COPY: no method"), variable.err());
    }
}
