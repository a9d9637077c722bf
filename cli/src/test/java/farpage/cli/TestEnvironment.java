package farpage.cli;

import farpage.opencl.ClBindings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The program's surroundings, held in memory: runs it and keeps what it printed.
final class TestEnvironment {
    final Map<String, String> variables = new HashMap<>();
    final Interruption interruption = new Interruption();
    boolean isTerminal;
    long nanos;

    /// Nothing is measured, and no plan of the user's is read, unless a test asks for it.
    TestEnvironment() {
        variables.put("FARPAGE_COPY", "default");
    }

    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    CliEnvironment environment() {
        return new CliEnvironment(
                new ByteArrayInputStream(new byte[0]),
                new PrintStream(out, false, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8),
                Map.copyOf(variables),
                isTerminal,
                isTerminal,
                false,
                () -> nanos,
                interruption,
                ClBindings::open);
    }

    int run(String... args) {
        return Program.run(environment(), args);
    }

    String out() {
        return out.toString(StandardCharsets.UTF_8);
    }

    String err() {
        return err.toString(StandardCharsets.UTF_8);
    }

    List<String> outLines() {
        return out().lines().toList();
    }
}
