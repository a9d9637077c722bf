package farpage.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;

/// The frame in which every command runs: its output is opened before and kept or thrown away
/// after.
abstract class Command implements Callable<Integer> {
    @Mixin GlobalOptions options = new GlobalOptions();

    private final CliEnvironment environment;

    Command(CliEnvironment environment) {
        this.environment = environment;
    }

    final CliEnvironment environment() {
        return environment;
    }

    /// Does the work.
    ///
    /// @return an exit code; results are kept for 0 and 1
    abstract int run(ReportOutput output);

    @Override
    public final Integer call() {
        try (ReportOutput output = ReportOutput.open(environment, options.output)) {
            int exitCode = run(output);
            if (exitCode == ExitCode.DONE || exitCode == ExitCode.CHECK_FAILED) {
                environment.interruption().check();
                output.commit();
            } else {
                output.stream().flush();
            }
            return exitCode;
        }
    }

    /// A remark for the user, on standard error.
    final void note(String text) {
        if (!options.quiet) {
            environment.err().print("farpage: " + text + "\n");
        }
    }
}
