package farpage.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/// Every `./farpage` command in the `console` blocks of README.md and docs/*.md runs, in the
/// project's folder, and ends with the code that is told there. The program runs from the classes
/// of this build; the launcher has tests of its own.
final class ConsoleBlocksTest {
    private static final String PROGRAM = "./farpage";
    private static final long HANG_SECONDS = 120;

    @TempDir private Path folder = Path.of("");

    private static Path root() {
        Path found = Path.of("").toAbsolutePath();
        while (!Files.isRegularFile(found.resolve("check"))) {
            Path parent = found.getParent();
            if (parent == null) {
                throw new IllegalStateException("no project above " + Path.of("").toAbsolutePath());
            }
            found = parent;
        }
        return found;
    }

    private static List<Path> documents() throws IOException {
        List<Path> documents = new ArrayList<>();
        try (Stream<Path> files = Files.list(root().resolve("docs"))) {
            files.filter(file -> file.toString().endsWith(".md")).sorted().forEach(documents::add);
        }
        Path readme = root().resolve("README.md");
        if (Files.exists(readme)) {
            documents.add(readme);
        }
        return documents;
    }

    @TestFactory
    List<DynamicTest> everyCommandEndsAsTold() throws IOException {
        List<DynamicTest> tests = new ArrayList<>();
        for (Path document : documents()) {
            for (ConsoleBlock command : ConsoleBlock.of(Files.readAllLines(document))) {
                if (command.command().contains(PROGRAM)) {
                    String where = root().relativize(document) + ":" + command.line();
                    tests.add(
                            DynamicTest.dynamicTest(
                                    where + " " + command.command(), () -> run(where, command)));
                }
            }
        }
        assertFalse(tests.isEmpty(), "no document shows a command");
        return tests;
    }

    private void run(String where, ConsoleBlock block) throws IOException, InterruptedException {
        Path program = folder.resolve("program");
        Files.writeString(program, script());
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwxr-xr-x"));
        Path output = folder.resolve("output");
        String command = block.command().replace(PROGRAM, program.toString());
        Process process =
                new ProcessBuilder("sh", "-c", command)
                        .directory(root().toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        boolean ended = process.waitFor(HANG_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
            process.descendants().forEach(ProcessHandle::destroyForcibly);
            process.destroyForcibly().waitFor();
        }
        assertTrue(ended, () -> where + " does not end:\n" + read(output));
        assertEquals(block.exitCode(), process.exitValue(), () -> where + "\n" + read(output));
    }

    private static String script() {
        return "#!/bin/sh\nexec '"
                + Path.of(System.getProperty("java.home"), "bin", "java")
                + "' -ea --enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow"
                + " -Djdk.util.jar.version=24"
                + " -cp '"
                + System.getProperty("java.class.path")
                + "' farpage.cli.Main \"$@\"\n";
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Test
    void commandsAreThoseBehindAPromptInAConsoleBlock() {
        List<String> document =
                List.of(
                        "$ not a command",
                        "```",
                        "$ ./farpage one",
                        "```",
                        "```console",
                        "$ ./farpage two",
                        "its output",
                        "$ ./farpage three",
                        "[exit 2]",
                        "$ ./farpage four",
                        "```",
                        "[exit 3]");
        assertEquals(
                List.of(
                        new ConsoleBlock(6, "./farpage two", 0),
                        new ConsoleBlock(8, "./farpage three", 2),
                        new ConsoleBlock(10, "./farpage four", 0)),
                ConsoleBlock.of(document));
    }
}
