package farpage.cli;

import farpage.emulator.bench.BenchProgress;
import farpage.emulator.bench.CopyBench;
import farpage.emulator.bench.CopyRows;
import farpage.emulator.bench.PageLayout;
import farpage.emulator.bench.RoundPlan;
import farpage.emulator.bench.TransferDirection;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `bench copy`: the copy engine over a bare heap.
@CommandLine.Command(
        name = "copy",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Measures the copy engine between RAM and device memory without a memory manager: its"
                    + " methods and the device's plan, by direction, layout, pages of a batch and"
                    + " batches under way, beside plain OpenCL transfers of as many bytes and, where"
                    + " the device shares the host's memory, memcpy of the same pages.",
            "Every byte of every round is compared; the exit code is 1 when data differ."
        },
        footer = {
            "",
            "Examples:",
            "  farpage bench copy --quick",
            "  farpage bench copy --direction=h2d --batch=16,512 --format=json"
        })
final class CopyBenchCommand extends BenchSubcommand {
    private static final RoundPlan QUICK = new RoundPlan(7, 15, 3, 6, 300_000_000, 2_000_000_000L);
    private static final RoundPlan FULL =
            new RoundPlan(11, 51, 3, 12, 1_200_000_000, 8_000_000_000L);

    @Option(
            names = "--direction",
            paramLabel = "h2d|d2h|d2d",
            split = ",",
            description = "Only these: to the device, from it, within it")
    List<String> directions = new ArrayList<>();

    @Option(
            names = "--layout",
            paramLabel = "contiguous|scattered",
            split = ",",
            description = "Only these layouts of the pages")
    List<String> layouts = new ArrayList<>();

    @Option(
            names = "--method",
            paramLabel = "NAME",
            split = ",",
            description = "Only these methods: plan (what the device's plan chooses), direct, ...")
    List<String> methods = new ArrayList<>();

    @Option(
            names = "--batch",
            paramLabel = "PAGES",
            split = ",",
            description = "Pages of a batch, instead of the usual ones")
    List<Long> batches = new ArrayList<>();

    @Option(
            names = "--in-flight",
            paramLabel = "N",
            split = ",",
            description = "Batches under way, 1 to 4, instead of the usual ones")
    List<Long> inFlight = new ArrayList<>();

    @Mixin BenchMoveOptions moves = new BenchMoveOptions();

    CopyBenchCommand(CliEnvironment environment) {
        super(environment, Bench.COPY);
    }

    private CopyRows rows() {
        return new CopyRows(
                quick,
                BenchAxis.numbers("--batch", batches, 1, 1 << 18),
                BenchAxis.numbers("--in-flight", inFlight, 1, 4),
                BenchAxis.values("--direction", directions, TransferDirection.values()),
                BenchAxis.values("--layout", layouts, PageLayout.values()),
                BenchAxis.names("--method", methods, CopyRows.methodNames()),
                moves.movePages());
    }

    @Override
    void checkOptions() {
        moves.check();
        if (rows().rows().isEmpty()) {
            throw new CliFailure(
                    ExitCode.USAGE, "the options leave no row; right would be fewer of them");
        }
    }

    @Override
    BenchReport measure(DeviceSession session, Row context, BenchProgress progress) {
        RoundPlan plan = moves.roundPlan(quick ? QUICK : FULL);
        long span = moves.spanBytes(environment(), session.choice().device().info());
        CopyBench.Result result =
                new CopyBench(
                                session.config(),
                                plan,
                                span,
                                options.seed,
                                moves.clocks(environment()),
                                moves.corrupts())
                        .run(rows().rows(), progress);
        context.put("copyPlan", result.plan()).put("spanBytes", span);
        return new CopyReport(result).report(plan, span);
    }
}
