package farpage.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.trace.TraceFormatException;
import farpage.opencl.ClError;
import farpage.opencl.ClException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine.Model.CommandSpec;

final class ProgramTest {
    private final TestEnvironment test = new TestEnvironment();

    private static List<String> commands() {
        return Program.commandNames();
    }

    /// Those that do work: a group is replaced by what it holds.
    private static List<String> workingCommands() {
        return Stream.concat(
                        commands().stream().filter(name -> !name.equals("bench")),
                        new BenchCommand(new TestEnvironment().environment())
                                .commands().stream()
                                        .map(each -> CommandSpec.forAnnotatedObject(each).name())
                                        .map(name -> "bench " + name))
                .toList();
    }

    private static String[] words(String command, String last) {
        return (command + " " + last).split(" ", -1);
    }

    @ParameterizedTest
    @MethodSource({"commands", "workingCommands"})
    void helpOfEveryCommandEndsWithTwoExamples(String command) {
        assertEquals(ExitCode.DONE, test.run(words(command, "--help")));
        List<String> lines = test.outLines();
        List<String> end = lines.subList(lines.size() - 3, lines.size());
        assertEquals("Examples:", end.getFirst());
        assertTrue(end.get(1).startsWith("  farpage " + command), end.get(1));
        assertTrue(end.get(2).startsWith("  farpage " + command), end.get(2));
    }

    @ParameterizedTest
    @MethodSource("workingCommands")
    void everyCommandTakesTheCommonOptions(String command) {
        assertEquals(ExitCode.DONE, test.run(words(command, "--help")));
        for (String option :
                List.of(
                        "--device=SEL",
                        "--binding=lwjgl|jocl",
                        "--seed=N",
                        "--format=text|json|csv|tap",
                        "--output=FILE",
                        "--quiet",
                        "--no-color")) {
            assertTrue(test.out().contains(option), option);
        }
    }

    @Test
    void helpListsTheCommands() {
        assertEquals(ExitCode.DONE, test.run("help"));
        for (String command : commands()) {
            assertTrue(test.out().contains("\n  " + command + " "), test.out());
        }
        assertEquals("", test.err());
    }

    @Test
    void versionIsToldOnStandardOutput() {
        assertEquals(ExitCode.DONE, test.run("--version"));
        assertTrue(test.out().startsWith("farpage "), test.out());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "nosuch",
                "nosuch --help",
                "bench",
                "bench nosuch",
                "help nosuch",
                "--nosuch",
                "devices --nosuch",
                "devices surplus",
                "devices --seed=x",
                "run --trace=f --device-share=x",
                "devices --format=xml",
                "devices --binding=cuda",
                "devices --output=/no/such/folder/file",
                "devices --output=/"
            })
    void wrongUsageIsOneLineOnStandardError(String line) {
        String[] args = line.isEmpty() ? new String[0] : line.split(" ", -1);
        assertEquals(ExitCode.USAGE, test.run(args));
        assertEquals("", test.out());
        assertTrue(test.err().startsWith("farpage: "), test.err());
        assertEquals(1, test.err().lines().count(), test.err());
    }

    @Test
    void wrongNumbersAndFoldersAreToldInTheUsersWords() {
        test.run("devices", "--seed=x");
        assertTrue(test.err().contains("'x' is not a whole number of 64 bits"), test.err());
        test.run("devices", "--output=/no/such/file");
        assertTrue(test.err().contains("(its folder does not exist)"), test.err());
        assertFalse(test.err().contains("java"), test.err());
    }

    @Test
    void inputThatAnInterruptionClosedIsNoUsageError() {
        UncheckedIOException closed =
                new UncheckedIOException("f", new AsynchronousCloseException());
        assertEquals(ExitCode.USAGE, FailureReport.report(test.environment(), closed));
        test.interruption.request();
        assertEquals(ExitCode.INTERRUPTED, FailureReport.report(test.environment(), closed));
    }

    @Test
    void bindingMayComeFromTheEnvironment() {
        test.variables.put("FARPAGE_BINDING", "cuda");
        assertEquals(ExitCode.USAGE, test.run("devices"));
        assertTrue(test.err().contains("FARPAGE_BINDING: no binding 'cuda'"), test.err());
    }

    @ParameterizedTest
    @MethodSource("failures")
    void everyFailureHasItsExitCodeAndOneLine(int exitCode, Throwable failure) {
        assertEquals(exitCode, FailureReport.report(test.environment(), failure));
        assertEquals(1, test.err().lines().count(), test.err());
        assertFalse(test.err().contains("\tat "), test.err());
    }

    private static Stream<org.junit.jupiter.params.provider.Arguments> failures() {
        return Stream.of(
                arguments(130, new CliFailure(ExitCode.INTERRUPTED, "interrupted")),
                arguments(2, new TraceFormatException("f", 3, "x", "y")),
                arguments(2, new UncheckedIOException("f", new IOException("broken"))),
                arguments(3, new ClException(ClError.INVALID_VALUE, "clCreateBuffer", "size\n\t0")),
                arguments(4, new ClException(ClError.OUT_OF_HOST_MEMORY, "clCreateBuffer", "")),
                arguments(4, new OutOfMemoryError("RAM")),
                arguments(70, new AssertionError("a\nb")),
                arguments(70, new IllegalStateException()));
    }

    private static org.junit.jupiter.params.provider.Arguments arguments(
            int exitCode, Throwable failure) {
        return org.junit.jupiter.params.provider.Arguments.of(exitCode, failure);
    }

    @Test
    void whatIsLostOnTheWayOutIsADefect() {
        CliFailure failure = new CliFailure(ExitCode.INTERRUPTED, "interrupted");
        failure.addSuppressed(new AssertionError("3 pages left"));
        assertEquals(ExitCode.DEFECT, FailureReport.report(test.environment(), failure));
        assertTrue(test.err().contains("3 pages left"), test.err());
    }

    @Test
    void stackTraceIsThereOnlyForDebugging() {
        test.variables.put("FARPAGE_DEBUG", "1");
        FailureReport.report(test.environment(), new IllegalStateException("x"));
        assertTrue(test.err().contains("\tat "), test.err());
    }

    @Test
    void outputFileAppearsWholeOrNotAtAll(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("report.txt");
        Files.writeString(file, "old");
        try (ReportOutput output = ReportOutput.open(test.environment(), file.toString())) {
            output.stream().print("half");
        }
        assertEquals("old", Files.readString(file));
        try (ReportOutput output = ReportOutput.open(test.environment(), file.toString())) {
            output.stream().print("whole");
            output.commit();
        }
        assertEquals("whole", Files.readString(file));
        try (Stream<Path> files = Files.list(folder)) {
            assertEquals(List.of(file), files.toList());
        }
        assertEquals("", test.out());
    }

    @Test
    void linkIsWrittenThroughAndAPipeIsNotReplaced(@TempDir Path folder) throws IOException {
        Path real = Files.writeString(folder.resolve("real"), "old");
        Path link = Files.createSymbolicLink(folder.resolve("link"), real);
        try (ReportOutput output = ReportOutput.open(test.environment(), link.toString())) {
            output.stream().print("new");
            output.commit();
        }
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("new", Files.readString(real));
        try (ReportOutput output = ReportOutput.open(test.environment(), "/dev/null")) {
            output.stream().print("new");
            output.commit();
        }
        assertFalse(Files.isRegularFile(Path.of("/dev/null")));
    }
}
