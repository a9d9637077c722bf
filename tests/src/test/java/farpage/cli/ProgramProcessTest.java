package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The program as a process of its own: its heap, and its end by a signal.
final class ProgramProcessTest {
    private static final long WAIT_SECONDS = 120;
    private static final long FIRST_PAGE = 0x1000_0000;
    @TempDir Path folder = Path.of("");

    private Process start(Path output, String... args) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-ea",
                                "-Xmx256m",
                                "-XX:+UseSerialGC",
                                "--enable-native-access=ALL-UNNAMED",
                                "--sun-misc-unsafe-memory-access=allow",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "farpage.cli.Main"));
        command.addAll(List.of(args));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(output.toFile())
                .start();
    }

    private static int exitCode(Process process) throws InterruptedException {
        assertTrue(process.waitFor(WAIT_SECONDS, TimeUnit.SECONDS), "the program hangs");
        return process.exitValue();
    }

    /// A store to and a load from every fourth page of 4 GiB.
    private Path sparseTrace(int pageCount) throws IOException {
        Path file = folder.resolve("sparse.txt");
        try (BufferedWriter text = Files.newBufferedWriter(file, StandardCharsets.US_ASCII)) {
            for (String kind : List.of(" S ", " L ")) {
                for (long page = 0; page < pageCount; page++) {
                    text.write(kind);
                    text.write(Long.toHexString((FIRST_PAGE + 4 * page) << 12));
                    text.write(",8\n");
                }
            }
        }
        return file;
    }

    @Test
    void oneGibibyteResidentInFourRunsOnHalfAsMuchDeviceMemoryWithASmallHeap()
            throws IOException, InterruptedException {
        Path trace = sparseTrace(1 << 18);
        Path output = folder.resolve("out");
        Process process =
                start(
                        output,
                        "run",
                        "--trace=" + trace,
                        "--device-memory=512MiB",
                        "--memory=1200MiB",
                        "--device-share=0.9");
        assertEquals(0, exitCode(process), Files.readString(output));
        String text = Files.readString(output);
        assertTrue(text.contains("verified     262,144 loads, none wrong\n"), text);
        assertTrue(text.contains("512 MiB on the device\n"), text);
        assertTrue(text.contains("of the pages to make room\n"), text);
    }

    private long fileCount() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.count();
        }
    }

    @Test
    void interruptSignalEndsTheProgramWith130AndLeavesNoFile()
            throws IOException, InterruptedException {
        Path trace = sparseTrace(1 << 18);
        Path output = folder.resolve("out");
        Path report = folder.resolve("report.json");
        Process process =
                start(
                        output,
                        "run",
                        "--trace=" + trace,
                        "--format=json",
                        "--output=" + report,
                        "--device-memory=16MiB");
        // The report is opened under another name when the command begins.
        interruptAtFile(3, process, output);
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(output, trace), files.sorted().toList());
        }
    }

    private void interruptAtFile(long number, Process process, Path output)
            throws IOException, InterruptedException {
        while (process.isAlive() && fileCount() < number) {
            Thread.onSpinWait();
        }
        // The shell's own kill: a small system has no program of that name.
        String kill = "kill -INT " + process.pid();
        assertEquals(0, new ProcessBuilder("sh", "-c", kill).start().waitFor());
        assertEquals(130, exitCode(process), Files.readString(output));
        assertTrue(Files.readString(output).contains("farpage: interrupted\n"));
    }

    /// Nothing is ever written to the program's standard input, which is a pipe from this test.
    @ParameterizedTest
    @ValueSource(strings = {"run --trace=-", "replay -"})
    void interruptSignalWakesAProgramThatWaitsForItsInput(String line)
            throws IOException, InterruptedException {
        Path output = folder.resolve("out");
        Path report = folder.resolve("report");
        Process process = start(output, (line + " --output=" + report).split(" ", -1));
        interruptAtFile(2, process, output);
        assertEquals(1, fileCount());
    }
}
