package farpage.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/// `bench`: it tells which benchmarks there are.
@CommandLine.Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        synopsisSubcommandLabel = "BENCHMARK",
        description = {
            "Measures, on real copies in OpenCL buffers and beside what the device does itself in the"
                    + " same run. All data are verified.",
            "The exit code is 1 when data differ, or a row is worse than its baseline by more than"
                    + " --fail-over."
        },
        footer = {
            "",
            "'farpage bench BENCHMARK --help' tells about a benchmark.",
            "",
            "Examples:",
            "  farpage bench migrate --quick",
            "  farpage bench copy --direction=h2d --batch=16,512 --format=json"
        })
final class BenchCommand implements CommandGroup {
    @Spec CommandSpec spec = CommandSpec.create();

    private final List<Command> commands;

    BenchCommand(CliEnvironment environment) {
        this.commands = commands(environment);
    }

    private static List<Command> commands(CliEnvironment environment) {
        return List.of(
                new CopyBenchCommand(environment),
                new MigrateBenchCommand(environment),
                new FaultBenchCommand(environment),
                new MetadataBenchCommand(environment));
    }

    @Override
    public List<Command> commands() {
        return commands;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                spec.commandLine(),
                "no benchmark; right would be one of "
                        + String.join(", ", spec.commandLine().getSubcommands().keySet()));
    }
}
