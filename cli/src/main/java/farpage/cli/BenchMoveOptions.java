package farpage.cli;

import farpage.emulator.bench.MoveClocks;
import farpage.emulator.bench.RoundPlan;
import farpage.mm.PageSize;
import farpage.mm.memory.ProcessCpuClock;
import farpage.opencl.ClDeviceInfo;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/// The options of benchmarks that move pages in rounds.
final class BenchMoveOptions {
    private static final long SPAN_MAX = 1L << 30;
    private static final long SPAN_MIN = 64L << 20;

    /// What is in memory at once, in spans: RAM, the device, what stands for both beside, plain
    /// transfers, and some to spare.
    private static final int SPANS = 7;

    private static final int ROUNDS_MAX = 1 << 20;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Rounds that count; default: at least 7, and more where there is time")
    long rounds;

    @Option(
            names = "--span",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description =
                    "Memory that pages are scattered over; default: 1 GiB, or what this machine and"
                            + " the device have room for")
    long span;

    @Option(
            names = "--move",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "Bytes of one move, at least; default: 4 to 128 MiB")
    long move;

    @Option(
            names = "--inject",
            paramLabel = "corrupt",
            description =
                    "Tries the verification itself: one byte of each move's result is inverted, so"
                            + " that every row must fail")
    String inject = "";

    /// @throws CliFailure if they make no sense
    void check() {
        BenchAxis.names(
                "--inject", inject.isEmpty() ? List.of() : List.of(inject), List.of("corrupt"));
        if (rounds < 0 || rounds > ROUNDS_MAX) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--rounds: %d is not possible; right would be 1 to %d"
                            .formatted(rounds, ROUNDS_MAX));
        }
        if (move != 0 && (move < PageSize.PAGE_SIZE || move > SPAN_MAX)) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--move: %s is not possible; right would be 4 KiB to 1 GiB"
                            .formatted(SizeConverter.format(move)));
        }
        if (span != 0 && (span < 4L << 20 || span % (2L << 20) != 0)) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--span: %s is not possible; right would be a multiple of 2 MiB, at least 4 MiB"
                            .formatted(SizeConverter.format(span)));
        }
    }

    /// Base pages of one move, or 0 for the usual number.
    int movePages() {
        return (int) PageSize.pageNumber(move);
    }

    boolean corrupts() {
        return !inject.isEmpty();
    }

    MoveClocks clocks(CliEnvironment environment) {
        return new MoveClocks(environment.nanoClock(), new ProcessCpuClock(), new CompilerClock());
    }

    /// @param usual what is done without `--rounds`
    RoundPlan roundPlan(RoundPlan usual) {
        return rounds == 0 ? usual : usual.withRounds((int) rounds);
    }

    /// The memory that pages are scattered over.
    long spanBytes(CliEnvironment environment, ClDeviceInfo device) {
        if (span != 0) {
            return span;
        }
        long usable =
                new HostChecks(environment, Path.of("/")).usableMemory().orElse(Long.MAX_VALUE);
        long room = Math.min(device.globalMemory(), usable);
        long bytes = SPAN_MAX;
        while (bytes > SPAN_MIN && bytes * SPANS > room) {
            bytes /= 2;
        }
        return bytes;
    }
}
