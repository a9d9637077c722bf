package farpage.benchmark;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.ChainedOptionsBuilder;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// The benchmarks of the inner pieces. Each runs for a moment, which shows that it works and
/// nothing else, unless the property `farpage.jmh` has a pattern of those that are to be measured:
/// then they run in JVMs of their own with the program's options, and `tests/target/jmh.txt` and
/// `jmh.json` have the results.
final class InnerBenchmarksTest {
    private static final String MEASURED = System.getProperty("farpage.jmh", "");
    private static final int FORKS = 2;
    private static final int WARM_UP_ITERATIONS = 3;
    private static final int ITERATIONS = 5;

    @Test
    void everyBenchmarkRuns() throws RunnerException, IOException {
        ChainedOptionsBuilder options =
                new OptionsBuilder().shouldFailOnError(true).shouldDoGC(false);
        boolean isMeasured = !MEASURED.isEmpty();
        Collection<RunResult> results =
                new Runner((isMeasured ? measured(options) : moment(options)).build()).run();
        Set<String> ran = new TreeSet<>();
        for (RunResult result : results) {
            assertTrue(result.getPrimaryResult().getScore() > 0, result.toString());
            ran.add(result.getParams().getBenchmark());
        }
        if (!isMeasured) {
            assertEquals(registered(), ran);
        }
    }

    private static ChainedOptionsBuilder moment(ChainedOptionsBuilder options) {
        return options.forks(0)
                .warmupIterations(0)
                .measurementIterations(1)
                .measurementTime(TimeValue.milliseconds(1))
                .verbosity(VerboseMode.SILENT);
    }

    private static ChainedOptionsBuilder measured(ChainedOptionsBuilder options)
            throws IOException {
        Path target = Files.createDirectories(Path.of("target"));
        return options.include(MEASURED)
                .forks(FORKS)
                .jvmArgs(
                        "-da",
                        "-Xmx1g",
                        "-XX:+UseSerialGC",
                        "--sun-misc-unsafe-memory-access=allow",
                        "--enable-native-access=ALL-UNNAMED")
                .warmupIterations(WARM_UP_ITERATIONS)
                .warmupTime(TimeValue.milliseconds(200))
                .measurementIterations(ITERATIONS)
                .measurementTime(TimeValue.milliseconds(200))
                .output(target.resolve("jmh.txt").toString())
                .resultFormat(ResultFormatType.JSON)
                .result(target.resolve("jmh.json").toString());
    }

    /// What JMH's processor found in the sources.
    private static Set<String> registered() throws IOException {
        Set<String> names = new TreeSet<>();
        try (InputStream list =
                Objects.requireNonNull(
                        InnerBenchmarksTest.class.getResourceAsStream("/META-INF/BenchmarkList"))) {
            String text = new String(list.readAllBytes(), StandardCharsets.UTF_8);
            for (String line : text.lines().toList()) {
                String[] words = line.split(" ", -1);
                names.add(words[3] + "." + words[9]);
            }
        }
        assertTrue(names.size() >= 10, names.toString());
        return names;
    }
}
