package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClBindings;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `run` and `demo` on real devices, with good and bad input.
final class RunCommandTest {
    private static final String RECORDING = "src/test/resources/traces/lackey/compress.lackey.gz";
    @TempDir Path folder = Path.of("");

    private static String digest(CommandRun run) {
        assertEquals(0, run.exitCode(), run.toString());
        String last = run.outLines().getLast();
        assertTrue(last.matches("digest [0-9a-f]{16}"), last);
        return last;
    }

    private String traceOf(String text) throws IOException {
        return Files.writeString(folder.resolve("trace.txt"), text).toString();
    }

    /// Stores and loads that walk over pages again and again.
    private String walk(int pageCount, int strideBytes, int rounds) throws IOException {
        StringBuilder text = new StringBuilder();
        for (int round = 0; round < rounds; round++) {
            for (int page = 0; page < pageCount; page++) {
                long address = 0x10_0000_0000L + (long) page * strideBytes;
                text.append(round % 2 == 0 ? " S " : " L ")
                        .append(Long.toHexString(address + round % 4096))
                        .append(",8\n");
            }
        }
        return traceOf(text.toString());
    }

    @Test
    void programLargerThanMemoryRunsWithSwap() throws IOException {
        String trace = walk(1200, 4096, 4);
        String digest = digest(CommandRun.of("run", "--trace=" + trace, "--device-memory=1MiB"));
        Path file = folder.resolve("swap");
        CommandRun swapped =
                CommandRun.of(
                        "run",
                        "--trace=" + trace,
                        "--device-memory=1MiB",
                        "--memory=2MiB",
                        "--swap=16MiB",
                        "--swap-file=" + file);
        assertEquals(digest, digest(swapped));
        assertTrue(
                swapped.outLines().stream()
                        .anyMatch(line -> line.startsWith("swap         16 MiB")),
                swapped.toString());
        assertFalse(Files.exists(file), "the swap file is gone");
        CommandRun without = CommandRun.of("run", "--trace=" + trace, "--memory=1MiB");
        assertEquals(4, without.exitCode(), without.toString());
    }

    @Test
    void swapFileThatExistsIsNotTouched() throws IOException {
        String trace = walk(2, 4096, 1);
        CommandRun run =
                CommandRun.of("run", "--trace=" + trace, "--swap=1MiB", "--swap-file=" + trace);
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(Files.size(Path.of(trace)) > 0);
        CommandRun sizeless = CommandRun.of("run", "--trace=" + trace, "--swap-file=x");
        assertEquals(2, sizeless.exitCode(), sizeless.toString());
        CommandRun tooSmall = CommandRun.of("run", "--trace=" + trace, "--swap=4k");
        assertEquals(2, tooSmall.exitCode(), tooSmall.toString());
    }

    @Test
    void digestDependsOnTraceAndSeedAlone() {
        String digest = digest(CommandRun.of("demo"));
        assertEquals(
                digest,
                digest(
                        CommandRun.of(
                                "demo",
                                "--binding=jocl",
                                "--device-memory=300k",
                                "--device-share=0.8",
                                "--phase-length=70000",
                                "--pages=every:3,4a37000-4b00000")));
        assertEquals(digest, digest(CommandRun.of("demo", "--pages=none")));
        assertNotEquals(digest, digest(CommandRun.of("demo", "--seed=2")));
    }

    @Test
    void viewsOfTheProcessStandBeforeTheDigest() throws IOException {
        CommandRun run = CommandRun.of("run", "--trace=" + walk(8, 4096, 2), "--show=maps,smaps");
        String digest = digest(run);
        assertTrue(run.out().contains("\n# /proc/1/maps\n1000000000-"), run.out());
        assertTrue(run.out().contains("\nRss:                  32 kB\n"), run.out());
        assertTrue(run.out().endsWith(" sd \n" + digest + "\n"), run.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"lwjgl", "jocl"})
    void everyLoadOfARecordedProgramIsVerified(String binding) {
        CommandRun run =
                CommandRun.of(
                        "run",
                        "--trace=" + RECORDING,
                        "--binding=" + binding,
                        "--device-memory=2M");
        assertEquals("digest c9cffa2d0f9b5adf", digest(run));
        assertTrue(run.out().contains("accesses     1,150,000: 851,542 fetches"), run.out());
        assertTrue(run.out().contains(" loads, none wrong\n"), run.out());
        assertTrue(run.out().contains("64 MiB of base pages migrate to the device at"), run.out());
    }

    @Test
    void rowsTellWhatTheTextTells() {
        CommandRun run = CommandRun.of("demo", "--format=json");
        assertEquals(0, run.exitCode(), run.toString());
        List<String> lines = run.outLines();
        assertEquals(4, lines.size());
        assertTrue(lines.get(0).contains("\"unifiedHostMemory\":"), lines.get(0));
        assertTrue(lines.get(1).contains("\"accesses\":1502759"), lines.get(1));
        assertTrue(lines.get(2).contains("\"direction\":\"toDevice\""), lines.get(2));
    }

    @Test
    void programTwiceAsLargeAsTheDeviceIsRunWhole() throws IOException {
        String trace = walk(4096, 4 * 4096, 4);
        CommandRun run = CommandRun.of("run", "--trace=" + trace, "--device-memory=8M");
        digest(run);
        assertTrue(run.out().contains("of the pages to make room"), run.out());
    }

    @ParameterizedTest
    @CsvSource({
        "2, no such file, --trace=/no/such/file",
        "2, a folder, --trace=/",
        "3, there are: 0, --device=no such device",
        "2, limit=, --device-memory=1k",
        "2, limit=, --device-memory=0",
        "4, right would be at most that, --device-memory=1000T",
        "2, is not a size, --device-memory=1MB",
        "2, every:K, --pages=some",
        "2, phase length, --phase-length=0",
        "2, device share, --device-share=2"
    })
    void wrongOptionIsOneLine(int exitCode, String expected, String option) throws IOException {
        String trace = option.startsWith("--trace") ? option : "--trace=" + walk(4, 4096, 2);
        CommandRun run =
                CommandRun.of("run", trace, option.startsWith("--trace") ? "--seed=1" : option);
        assertEquals(exitCode, run.exitCode(), run.toString());
        assertTrue(run.err().contains(expected), run.err());
        assertEquals("", run.out());
        assertTrue(lastLine(run).startsWith("farpage: "), run.err());
    }

    private static String lastLine(CommandRun run) {
        return run.err().lines().toList().getLast();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                " L 7fffffffffff,8",
                " L ffffffffff600000,8",
                " L 8,8",
                " L 1000000,0",
                "sort: cannot read",
                " L 1000000,8 x"
            })
    void badLineInTheMiddleIsAUsageErrorAndNothingIsLost(String line) throws IOException {
        String trace = traceOf(" S 1000000,8\n".repeat(50_000) + line + "\n L 1000000,8\n");
        CommandRun run = CommandRun.of("run", "--trace=" + trace);
        assertEquals(2, run.exitCode(), run.toString());
        assertEquals("", run.out());
        assertTrue(run.err().contains("trace.txt:50001: "), run.err());
    }

    @Test
    void truncatedCompressedTraceIsAUsageError() throws IOException {
        byte[] whole = Files.readAllBytes(Path.of(RECORDING));
        Path cut = Files.write(folder.resolve("cut.gz"), Arrays.copyOf(whole, whole.length / 2));
        CommandRun run = CommandRun.of("run", "--trace=" + cut);
        assertEquals(2, run.exitCode(), run.toString());
        assertTrue(run.err().contains("complete gzip file"), run.err());
    }

    @Test
    void garbageIsAUsageError() throws IOException {
        byte[] garbage = new byte[10_000];
        new java.util.Random(4).nextBytes(garbage);
        Path file = Files.write(folder.resolve("garbage"), garbage);
        CommandRun plain = CommandRun.of("run", "--trace=" + file);
        assertEquals(2, plain.exitCode(), plain.toString());
        Path packed = folder.resolve("garbage.gz");
        try (GZIPOutputStream stream = new GZIPOutputStream(Files.newOutputStream(packed))) {
            stream.write("no trace".getBytes(StandardCharsets.US_ASCII));
        }
        CommandRun compressed = CommandRun.of("run", "--trace=" + packed);
        assertEquals(2, compressed.exitCode(), compressed.toString());
    }

    @Test
    void ramThatIsTooSmallIsOutOfMemory() throws IOException {
        String trace = walk(2000, 4096, 2);
        CommandRun run =
                CommandRun.of("run", "--trace=" + trace, "--memory=1M", "--device-memory=256k");
        assertEquals(4, run.exitCode(), run.toString());
        assertTrue(run.err().contains("--memory"), run.err());
    }

    /// A failed copy: what the run says may differ, but no page is lost and nothing is left behind.
    @ParameterizedTest
    @EnumSource(
            value = CallKind.class,
            names = {"CREATE_BUFFER", "CREATE_QUEUE", "BUILD", "WRITE", "READ", "LAUNCH", "FINISH"})
    void failedOpenClCallEndsInItsExitCodeWithNothingLeft(CallKind kind) throws IOException {
        String trace = walk(300, 4096, 6);
        ClError error =
                switch (kind) {
                    case CREATE_BUFFER -> ClError.MEM_OBJECT_ALLOCATION_FAILURE;
                    case BUILD -> ClError.BUILD_PROGRAM_FAILURE;
                    default -> ClError.INVALID_VALUE;
                };
        boolean anyFailed = false;
        for (long nth : new long[] {1, 2, 7, 30}) {
            FaultPlan plan = FaultPlan.explicit().fail(kind, nth, error);
            CommandRun run =
                    CommandRun.on(
                            name -> new InjectingBinding(ClBindings.open(name), plan),
                            "run",
                            "--trace=" + trace,
                            "--phase-length=300",
                            "--device-memory=512k");
            if (run.exitCode() != 0) {
                anyFailed = true;
                int expected = kind == CallKind.CREATE_BUFFER ? 4 : 3;
                assertEquals(expected, run.exitCode(), kind + " " + nth + ": " + run);
                assertEquals("", run.out());
                assertFalse(run.err().contains("giving things back"), run.err());
            }
        }
        assertTrue(anyFailed, kind + " was never called");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 10, 100, 300})
    void interruptionEndsWith130WhereverItComes(int clockReads) {
        Path output = folder.resolve("report");
        CommandRun run =
                CommandRun.interruptedAfter(
                        clockReads, "demo", "--phase-length=20000", "--output=" + output);
        assertEquals(130, run.exitCode(), run.toString());
        assertTrue(Files.notExists(output));
    }
}
