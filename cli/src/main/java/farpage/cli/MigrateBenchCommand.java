package farpage.cli;

import farpage.emulator.bench.BenchProgress;
import farpage.emulator.bench.MigrateBench;
import farpage.emulator.bench.MigrateRows;
import farpage.emulator.bench.PageLayout;
import farpage.emulator.bench.RoundPlan;
import farpage.emulator.experiment.Direction;
import farpage.emulator.svm.RangeMigrator;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// `bench migrate`: whole migrations.
@CommandLine.Command(
        name = "migrate",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Measures whole migrations, locks, reverse map, references, notifiers and all, by"
                    + " direction, order of the folios, layout and pages of a command, beside plain"
                    + " OpenCL transfers of as many bytes and, where the device shares the host's"
                    + " memory, memcpy of the same pages.",
            "Every byte of every round is compared; the exit code is 1 when data differ."
        },
        footer = {
            "",
            "Examples:",
            "  farpage bench migrate --quick",
            "  farpage bench migrate --order=0 --layout=scattered --in-flight=1,4"
        })
final class MigrateBenchCommand extends BenchSubcommand {
    private static final RoundPlan QUICK =
            new RoundPlan(7, 25, 3, 6, 1_000_000_000, 6_000_000_000L);
    private static final RoundPlan FULL =
            new RoundPlan(11, 51, 3, 12, 4_000_000_000L, 12_000_000_000L);

    @Option(
            names = "--direction",
            paramLabel = "toDevice|toSystem",
            split = ",",
            description = "Only these")
    List<String> directions = new ArrayList<>();

    @Option(
            names = "--order",
            paramLabel = "ORDER",
            split = ",",
            description = "Orders of the folios, instead of the usual ones")
    List<Long> orders = new ArrayList<>();

    @Option(
            names = "--layout",
            paramLabel = "contiguous|scattered",
            split = ",",
            description = "Only these: one range, or folios at random")
    List<String> layouts = new ArrayList<>();

    @Option(
            names = "--batch",
            paramLabel = "PAGES",
            split = ",",
            description = "Base pages of a command, instead of the usual numbers")
    List<Long> batches = new ArrayList<>();

    @Option(
            names = "--in-flight",
            paramLabel = "N",
            split = ",",
            description = "Commands under way, 1 to 4, instead of the usual ones")
    List<Long> inFlight = new ArrayList<>();

    @Mixin BenchMoveOptions moves = new BenchMoveOptions();

    MigrateBenchCommand(CliEnvironment environment) {
        super(environment, Bench.MIGRATE);
    }

    private MigrateRows rows() {
        return new MigrateRows(
                quick,
                BenchAxis.numbers("--order", orders, 0, 9),
                BenchAxis.numbers("--batch", batches, 1, 1 << 18),
                BenchAxis.numbers("--in-flight", inFlight, 1, RangeMigrator.IN_FLIGHT_MAX),
                BenchAxis.values("--layout", layouts, PageLayout.values()),
                moves.movePages());
    }

    private Set<Direction> directions() {
        List<String> known = Arrays.stream(Direction.values()).map(Direction::label).toList();
        Set<Direction> chosen = new LinkedHashSet<>();
        for (String name : BenchAxis.names("--direction", directions, known)) {
            for (Direction direction : Direction.values()) {
                if (direction.label().equals(name)) {
                    chosen.add(direction);
                }
            }
        }
        return chosen.isEmpty() ? new LinkedHashSet<>(List.of(Direction.values())) : chosen;
    }

    @Override
    void checkOptions() {
        moves.check();
        directions();
        if (orders.contains(1L)) {
            throw new CliFailure(
                    ExitCode.USAGE, "--order: 1 is not possible; right would be 0 or 2 to 9");
        }
        if (rows().rows().isEmpty()) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "the options leave no row; right would be a --batch of whole folios");
        }
    }

    @Override
    BenchReport measure(DeviceSession session, Row context, BenchProgress progress) {
        RoundPlan plan = moves.roundPlan(quick ? QUICK : FULL);
        long span = moves.spanBytes(environment(), session.choice().device().info());
        MigrateBench.Result result =
                new MigrateBench(
                                session.config(),
                                plan,
                                span,
                                options.seed,
                                moves.clocks(environment()),
                                moves.corrupts())
                        .run(rows().rows(), directions(), progress);
        context.put("copyPlan", result.copyPlan()).put("spanBytes", span);
        return new MigrateReport(result).report(plan, span);
    }
}
