package farpage.cli;

import java.time.Duration;
import picocli.CommandLine.Option;

/// How long and how wide `run stress` is.
final class StressOptions {
    @Option(
            names = "--duration",
            paramLabel = "TIME",
            converter = DurationConverter.class,
            description = "How long stress runs: 10m, 30s; default: 10s")
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

    void check() {
        requireRange("--threads", threads, 64);
        requireRange("--devices", devices, 16);
    }

    private static void requireRange(String option, int value, int limit) {
        if (value < 1 || value > limit) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "%s: %d is not possible; right would be 1 to %d"
                            .formatted(option, value, limit));
        }
    }
}
