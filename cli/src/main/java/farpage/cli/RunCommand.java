package farpage.cli;

import farpage.emulator.trace.TraceInput;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `run`: a migration workload.
@CommandLine.Command(
        name = "run",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Replays the memory accesses of a recorded program in a process whose pages migrate between"
                    + " system memory and the device: CPU and device take turns, and each faults the"
                    + " pages that it needs over to its side. Every load on either side, and all memory"
                    + " at the end, is checked against an independent shadow.",
            "'run stress' needs no recording: threads of the CPU and of devices fault, migrate, unmap,"
                    + " protect, fork and evict the same pages at once, and every store is accounted"
                    + " for.",
            "'run churn' fills and empties a device with regions of every size, and tells how much of"
                    + " what is free can still be had in pieces of 2 MiB.",
            "The report ends with 'digest HEX', a hash of the final memory that depends on the workload"
                    + " and the seed alone. The exit code is 1 when data differ."
        },
        footer = {
            "",
            "Examples:",
            "  farpage run --trace=sort.lackey.gz --device-memory=1MiB",
            "  farpage run stress --duration=10m --threads=4 --devices=2 --seed=7"
        })
final class RunCommand extends Command {
    private static final long DEVICE_MEMORY_DEFAULT = 64L << 20;

    @Parameters(
            paramLabel = "WORKLOAD",
            arity = "0..1",
            description = "A built-in workload instead of a recording: stress, churn")
    String builtIn = "";

    @Option(
            names = "--trace",
            paramLabel = "FILE",
            description = {
                "What 'valgrind --tool=lackey --trace-mem=yes' wrote, as it is or compressed with gzip;"
                        + " '-' is standard input"
            })
    String trace = "";

    @Mixin WorkloadOptions workload = new WorkloadOptions();

    @Mixin StressOptions stress = new StressOptions();

    RunCommand(CliEnvironment environment) {
        super(environment);
    }

    @Override
    int run(ReportOutput output) {
        if (builtIn.isEmpty() == trace.isEmpty()) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "run: right would be either --trace=FILE or a WORKLOAD: stress, churn");
        }
        if (!builtIn.isEmpty()) {
            return runBuiltIn(output);
        }
        TraceInput input = TraceInput.open(trace, environment().in());
        new WorkloadRun(this, workload, DEVICE_MEMORY_DEFAULT).run("run", input, output);
        return ExitCode.DONE;
    }

    private int runBuiltIn(ReportOutput output) {
        switch (builtIn) {
            case "stress" -> new StressWorkload(this, stress, workload).run(output);
            case "churn" -> new ChurnWorkload(this, stress.duration, workload).run(output);
            default ->
                    throw new CliFailure(
                            ExitCode.USAGE,
                            "WORKLOAD: '%s' is not known; right would be stress or churn"
                                    .formatted(builtIn));
        }
        return ExitCode.DONE;
    }
}
