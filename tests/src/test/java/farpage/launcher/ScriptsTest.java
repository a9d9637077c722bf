package farpage.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What holds for every shell script of the repository.
final class ScriptsTest {
    private static final int COLUMNS_MAX = 100;

    static List<Path> scripts() {
        List<Path> scripts = new ArrayList<>(Repository.shellSources());
        scripts.add(Repository.root().resolve("farpage"));
        scripts.add(Repository.root().resolve("check"));
        scripts.add(Repository.root().resolve(".ci/run"));
        scripts.add(Repository.root().resolve("cli/src/main/bundle/bin/farpage"));
        return scripts;
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void scriptParses(Path script) throws IOException, InterruptedException {
        String shell = firstLine(script).endsWith("bash") ? "bash" : "sh";
        Process process =
                new ProcessBuilder(shell, "-n", script.toString())
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);

        assertEquals(0, process.waitFor(), output);
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void whatHasAnInterpreterCanBeRun(Path script) throws IOException {
        assertEquals(firstLine(script).startsWith("#!"), Files.isExecutable(script));
    }

    @ParameterizedTest
    @MethodSource("scripts")
    void linesFitAndHaveNoTabs(Path script) throws IOException {
        for (String line : Files.readAllLines(script)) {
            assertTrue(line.length() <= COLUMNS_MAX, line);
            assertTrue(line.indexOf('\t') < 0, line);
        }
    }

    private static String firstLine(Path script) throws IOException {
        return Files.readAllLines(script).getFirst();
    }
}
