package farpage.cli;

import farpage.emulator.trace.TraceInput;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

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
            "The report ends with 'digest HEX', a hash of the final memory that depends on the trace and"
                    + " the seed alone. The exit code is 1 when data differ."
        },
        footer = {
            "",
            "Examples:",
            "  farpage run --trace=sort.lackey.gz --device-memory=1MiB",
            "  farpage run --trace=- --phase-length=1000000 --pages=every:2 --format=json"
        })
final class RunCommand extends Command {
    private static final long DEVICE_MEMORY_DEFAULT = 64L << 20;

    @Option(
            names = "--trace",
            required = true,
            paramLabel = "FILE",
            description = {
                "What 'valgrind --tool=lackey --trace-mem=yes' wrote, as it is or compressed with gzip;"
                        + " '-' is standard input"
            })
    String trace = "";

    @Mixin WorkloadOptions workload = new WorkloadOptions();

    RunCommand(CliEnvironment environment) {
        super(environment);
    }

    @Override
    int run(ReportOutput output) {
        TraceInput input = TraceInput.open(trace, environment().in());
        new WorkloadRun(this, workload, DEVICE_MEMORY_DEFAULT).run("run", input, output);
        return ExitCode.DONE;
    }
}
