package farpage.cli;

import farpage.opencl.ClBinding;
import farpage.opencl.ClBindings;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.LongSupplier;

/// One run of the program inside the test, with what it printed.
///
/// A leak of pages or OpenCL objects shows as exit code 70, because the emulator checks that
/// nothing is left when it is closed.
final class CommandRun {
    private final int exitCode;
    private final String out;
    private final String err;

    private CommandRun(int exitCode, String out, String err) {
        this.exitCode = exitCode;
        this.out = out;
        this.err = err;
    }

    static CommandRun of(String... args) {
        return of(new Interruption(), System::nanoTime, ClBindings::open, args);
    }

    /// Runs with variables besides those that every test has.
    static CommandRun with(Map<String, String> variables, String... args) {
        return of(variables, new Interruption(), System::nanoTime, ClBindings::open, args);
    }

    /// Runs on a binding that the test chooses.
    static CommandRun on(Function<String, ClBinding> bindingOpener, String... args) {
        return of(new Interruption(), System::nanoTime, bindingOpener, args);
    }

    /// Requests an interruption when the program has looked at the clock a number of times.
    static CommandRun interruptedAfter(int clockReads, String... args) {
        Interruption interruption = new Interruption();
        if (clockReads == 0) {
            interruption.request();
        }
        int[] reads = {0};
        LongSupplier clock =
                () -> {
                    if (++reads[0] == clockReads) {
                        interruption.request();
                    }
                    return System.nanoTime();
                };
        return of(interruption, clock, ClBindings::open, args);
    }

    private static CommandRun of(
            Interruption interruption,
            LongSupplier clock,
            Function<String, ClBinding> bindingOpener,
            String... args) {
        return of(Map.of(), interruption, clock, bindingOpener, args);
    }

    private static CommandRun of(
            Map<String, String> variables,
            Interruption interruption,
            LongSupplier clock,
            Function<String, ClBinding> bindingOpener,
            String... args) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        CliEnvironment environment =
                new CliEnvironment(
                        new ByteArrayInputStream(new byte[0]),
                        new PrintStream(out, false, StandardCharsets.UTF_8),
                        new PrintStream(err, true, StandardCharsets.UTF_8),
                        allVariables(variables),
                        false,
                        false,
                        false,
                        clock,
                        interruption,
                        bindingOpener);
        int exitCode = Program.run(environment, args);
        return new CommandRun(
                exitCode,
                out.toString(StandardCharsets.UTF_8),
                err.toString(StandardCharsets.UTF_8));
    }

    /// Where OpenCL lies, which the set-up may have said through the environment; nothing else of
    /// the machine's environment reaches a test. Nothing is measured, and no plan of the user's is
    /// read.
    private static Map<String, String> allVariables(Map<String, String> more) {
        Map<String, String> variables = new TreeMap<>(System.getenv());
        variables.keySet().retainAll(Set.of("OCL_ICD_VENDORS", "LD_LIBRARY_PATH"));
        variables.put("FARPAGE_COPY", "default");
        variables.putAll(more);
        return variables;
    }

    int exitCode() {
        return exitCode;
    }

    String out() {
        return out;
    }

    List<String> outLines() {
        return out.lines().toList();
    }

    String err() {
        return err;
    }

    @Override
    public String toString() {
        return "exit code " + exitCode + "\n" + out + err;
    }
}
