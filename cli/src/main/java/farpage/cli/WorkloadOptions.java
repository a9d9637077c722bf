package farpage.cli;

import farpage.emulator.workload.AccessPhases;
import farpage.emulator.workload.PageSet;
import java.util.Objects;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// How a recorded program is dealt out to CPU and device, and on what machine.
final class WorkloadOptions {
    @Option(
            names = "--phase-length",
            paramLabel = "N",
            description = {
                "Accesses in a period, which begins with the CPU's part and ends with the device's;"
                        + " default: ${DEFAULT-VALUE}"
            })
    long phaseLength = 150_000;

    @Option(
            names = "--device-share",
            paramLabel = "SHARE",
            description = "The device's part of each period, 0 to 1; default: ${DEFAULT-VALUE}")
    double deviceShare = 0.5;

    @Option(
            names = "--pages",
            paramLabel = "SET",
            description = {
                "The pages that the device may touch: "
                        + PageSet.FORMS
                        + "; default: ${DEFAULT-VALUE}"
            })
    String pages = "all";

    @Option(
            names = "--memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "RAM of the machine; default: 2 GiB, of which only what is touched is used")
    long memoryBytes = 2L << 30;

    /// What the device takes at most; below 0 is the command's own default.
    @Option(
            names = "--device-memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = {
                "Memory of the device; what finds no room pushes other pages out. Default: 64 MiB, for"
                        + " demo 1 MiB"
            })
    long deviceMemoryBytes = -1;

    @Mixin ShowOptions show = new ShowOptions();

    /// How accesses are dealt out.
    AccessPhases newPhases(long seed) {
        try {
            return new AccessPhases(phaseLength, deviceShare, PageSet.parse(pages, seed), seed);
        } catch (IllegalArgumentException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--phase-length, --device-share, --pages: "
                            + Objects.requireNonNull(failure.getMessage()));
        }
    }
}
