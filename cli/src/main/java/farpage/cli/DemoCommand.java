package farpage.cli;

import farpage.emulator.trace.TraceInput;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;

/// `demo`: the main job in one go, on a recording that is part of the program.
@CommandLine.Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Runs a recording of a real program, sort from coreutils, as 'run' does: its 1.5 million"
                    + " accesses alternate between the CPU and the device, whose memory is smaller than"
                    + " the program's. All data are verified.",
            "The report ends with 'digest HEX', a hash of the final memory that depends on the seed alone."
        },
        footer = {
            "",
            "Examples:",
            "  farpage demo",
            "  farpage demo --device-memory=256k --device-share=0.8 --seed=7"
        })
final class DemoCommand extends Command {
    private static final String RECORDING = "demo/sort.lackey.gz";
    private static final long DEVICE_MEMORY_DEFAULT = 1L << 20;

    @Mixin WorkloadOptions workload = new WorkloadOptions();

    DemoCommand(CliEnvironment environment) {
        super(environment);
    }

    @Override
    int run(ReportOutput output) {
        new WorkloadRun(this, workload, DEVICE_MEMORY_DEFAULT).run("demo", recording(), output);
        return ExitCode.DONE;
    }

    private static TraceInput recording() {
        try (InputStream stream =
                Objects.requireNonNull(DemoCommand.class.getResourceAsStream(RECORDING))) {
            byte[] bytes = stream.readAllBytes();
            return TraceInput.of("sort.lackey.gz", new ByteArrayInputStream(bytes), bytes.length);
        } catch (IOException failure) {
            throw new UncheckedIOException(RECORDING, failure);
        }
    }
}
