package farpage.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;

/// `doctor`: what Farpage needs, each thing with ok or the remedy.
@CommandLine.Command(
        name = "doctor",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Looks at what farpage needs: JDK, memory, huge pages, ICD loader and files, both bindings,"
                    + " PoCL, and a small kernel on every device. Each is ok or comes with its remedy.",
            "Changes nothing. The exit code is 0 when a device works, 1 when something else is broken,"
                    + " and 3 when no device works."
        },
        footer = {"", "Examples:", "  farpage doctor", "  farpage doctor --format=tap"})
final class DoctorCommand extends Command {
    private static final int NAME_WIDTH = 20;

    DoctorCommand(CliEnvironment environment) {
        super(environment);
    }

    @Override
    int run(ReportOutput output) {
        List<DoctorCheck> checks = new ArrayList<>();
        checks.addAll(new HostChecks(environment(), Path.of("/")).all());
        checks.addAll(
                new OpenClChecks(environment(), options.bindingOf(environment()).name()).all());
        if (options.format == OutputFormat.TEXT) {
            printText(output.stream(), checks);
        } else {
            RowOutput rows = RowOutput.of(options.format, output.stream());
            rows.context(Context.base(this, "doctor"));
            checks.forEach(check -> rows.row(check.row()));
            rows.end();
        }
        return exitCode(output, checks);
    }

    private static void printText(PrintStream out, List<DoctorCheck> checks) {
        for (DoctorCheck check : checks) {
            String state =
                    switch (check.state()) {
                        case OK -> "ok";
                        case ADVICE -> "ok, but";
                        case FAILED -> "FAILED";
                    };
            String name =
                    check.name() + " ".repeat(Math.max(0, NAME_WIDTH - check.name().length()));
            out.print("%s %-8s %s\n".formatted(name, state, check.found()));
            if (!check.remedy().isEmpty()) {
                out.print(" ".repeat(NAME_WIDTH) + "          remedy: " + check.remedy() + "\n");
            }
        }
    }

    private static int exitCode(ReportOutput output, List<DoctorCheck> checks) {
        boolean deviceWorks =
                checks.stream()
                        .anyMatch(check ->
                                check.name().startsWith("kernels on device")
                                        && check.state() == DoctorCheck.State.OK);
        if (!deviceWorks) {
            output.commit();
            throw new CliFailure(
                    ExitCode.NO_DEVICE, "no OpenCL device works; the remedies are in the list");
        }
        boolean isBroken =
                checks.stream().anyMatch(check -> check.state() == DoctorCheck.State.FAILED);
        return isBroken ? ExitCode.CHECK_FAILED : ExitCode.DONE;
    }
}
