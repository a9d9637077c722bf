package farpage.cli;

import java.time.Duration;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// How long `run stress` and `run churn` go on, and how wide `run stress` is.
final class StressOptions {
    @Option(
            names = "--duration",
            paramLabel = "TIME",
            converter = DurationConverter.class,
            description = "How long stress and churn run: 10m, 30s; default: 10s")
    Duration duration = Duration.ofSeconds(10);

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "CPU threads of stress, 1 to 64; default: ${DEFAULT-VALUE}")
    int threads = 4;

    @Option(
            names = "--devices",
            paramLabel = "N",
            description = "Devices of stress, 1 to 16, a thread each; default: ${DEFAULT-VALUE}")
    int devices = 2;

    @Option(
            names = "--coherent-devices",
            paramLabel = "N",
            description =
                    "Devices of stress besides, 0 to 16, whose memory the CPU reaches in place;"
                            + " default: ${DEFAULT-VALUE}")
    int coherentDevices = 0;

    @Mixin DesignOptions designs = new DesignOptions();

    void check() {
        requireRange("--threads", threads, 1, 64);
        requireRange("--devices", devices, 1, 16);
        requireRange("--coherent-devices", coherentDevices, 0, 16);
    }

    private static void requireRange(String option, int value, int least, int most) {
        if (value < least || value > most) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s: %d is not possible; right would be %d to %d"
                            .formatted(option, value, least, most));
        }
    }
}
