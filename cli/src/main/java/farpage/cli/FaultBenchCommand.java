package farpage.cli;

import farpage.emulator.bench.BenchProgress;
import farpage.emulator.bench.FaultBench;
import farpage.emulator.bench.FaultCost;
import farpage.emulator.bench.FaultKind;
import farpage.emulator.bench.FaultPlan;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/// `bench fault`: how long a fault takes that moves a folio.
@CommandLine.Command(
        name = "fault",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Measures faults that move a folio: the CPU's on a folio on the device (cpu), from the load"
                    + " until it has its byte, and a device's on a folio of the system (device), from"
                    + " the driver's hearing of it until the device's page table has the copy. Each"
                    + " is timed alone, in turn with one plain blocking read or write of as many"
                    + " bytes. All data are compared.",
            "The exit code is 1 when data differ."
        },
        footer = {
            "",
            "Examples:",
            "  farpage bench fault --quick",
            "  farpage bench fault --kind=cpu --order=0,4,9 --format=json"
        })
final class FaultBenchCommand extends BenchSubcommand {
    private static final double NANOS_IN_MICRO = 1e3;

    @Option(
            names = "--kind",
            paramLabel = "KIND,...",
            split = ",",
            description = "Who faults: cpu, device; default: both")
    List<String> kinds = new ArrayList<>();

    @Option(
            names = "--order",
            paramLabel = "ORDER,...",
            split = ",",
            description = "The orders of the folios; default: 0,2,3,4,5,6,7,8,9, with --quick 0,9")
    List<Long> orders = new ArrayList<>();

    @Option(
            names = "--faults",
            paramLabel = "N",
            description =
                    "Faults on base pages of each kind, on larger folios fewer; default: 131072, with"
                            + " --quick 32768")
    long faults;

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "The memory that is faulted on, a multiple of 2 MiB; default: 32 MiB")
    long bytes = FaultPlan.BYTES_DEFAULT;

    @Option(
            names = "--inject",
            paramLabel = "corrupt",
            description =
                    "Tries the verification itself: a byte is inverted in each round, so that every row"
                            + " must fail")
    String inject = "";

    FaultBenchCommand(CliEnvironment environment) {
        super(environment, Bench.FAULT);
    }

    @Override
    void checkOptions() {
        FaultPlan checked = plan();
        assert !checked.kinds().isEmpty();
    }

    private FaultPlan plan() {
        if (!inject.isEmpty() && !inject.equals("corrupt")) {
            throw new CliFailure(
                    ExitCode.USAGE, "--inject: no '%s'; right would be corrupt".formatted(inject));
        }
        FaultPlan usual = quick ? FaultPlan.quick() : FaultPlan.full();
        try {
            return new FaultPlan(
                    kinds.isEmpty() ? usual.kinds() : kindsNamed(),
                    orders.isEmpty()
                            ? usual.orders()
                            : orders.stream().map(Math::toIntExact).toList(),
                    faults == 0 ? usual.faults() : Math.toIntExact(faults),
                    bytes,
                    !inject.isEmpty());
        } catch (IllegalArgumentException | ArithmeticException failure) {
            throw new CliFailure(
                    ExitCode.USAGE, "bench fault: " + Objects.requireNonNull(failure.getMessage()));
        }
    }

    private Set<FaultKind> kindsNamed() {
        Set<FaultKind> found = EnumSet.noneOf(FaultKind.class);
        for (String name : kinds) {
            switch (name) {
                case "cpu" -> found.add(FaultKind.CPU);
                case "device" -> found.add(FaultKind.DEVICE);
                default ->
                        throw new CliFailure(
                                ExitCode.USAGE,
                                "--kind: no '%s'; right would be cpu, device".formatted(name));
            }
        }
        return found;
    }

    @Override
    BenchReport measure(DeviceSession session, Row context, BenchProgress progress) {
        FaultPlan plan = plan();
        List<FaultCost> costs =
                new FaultBench(session.config(), plan, options.seed, environment().nanoClock())
                        .run(progress);
        return new BenchReport(
                costs.stream().map(FaultBenchCommand::row).toList(),
                columns(),
                "faults on folios of %s in random order, each in turn with a plain blocking transfer of"
                                .formatted(SizeConverter.format(plan.bytes()))
                        + " as many bytes; all data compared",
                costs.stream().map(FaultBenchCommand::finding).toList());
    }

    private static Row row(FaultCost cost) {
        Row row =
                Row.ok(Bench.FAULT.label())
                        .put("kind", cost.kind().label())
                        .put("order", cost.order())
                        .put("bytes", FaultPlan.folioBytes(cost.order()))
                        .put("micros", BenchRow.latencyMicros(cost.nanos()))
                        .put("rawMicros", BenchRow.latencyMicros(cost.rawNanos()))
                        .put("ratio", cost.ratio())
                        .put("modelMicros", BenchRow.latencyMicros(cost.modelNanos()))
                        .put("faultsPerSecond", cost.faultsPerSecond())
                        .put("verified", cost.failure().isEmpty());
        return cost.failure().map(row::fail).orElse(row);
    }

    private static List<BenchColumn> columns() {
        return List.of(
                BenchColumn.text("kind", "kind"),
                BenchColumn.count("order", "order"),
                BenchColumn.inner("faults", 0, "micros", "reps"),
                BenchColumn.inner("p50 us", 2, "micros", "p50"),
                BenchColumn.inner("p90", 2, "micros", "p90"),
                BenchColumn.inner("p99", 2, "micros", "p99"),
                BenchColumn.inner("p99.9", 1, "micros", "p999"),
                BenchColumn.inner("max", 1, "micros", "max"),
                BenchColumn.number("raw p50", 2, "rawMicros"),
                BenchColumn.inner("raw p99", 2, "rawMicros", "p99"),
                BenchColumn.number("ratio", 2, "ratio"),
                BenchColumn.number("model p50", 2, "modelMicros"),
                BenchColumn.number("faults/s", 0, "faultsPerSecond"));
    }

    private static String finding(FaultCost cost) {
        return String.format(
                Locale.ROOT,
                "%s, %s: p50 %.2f us, %.2f times a plain blocking transfer; p99 %.1f times p50; %.2f us"
                        + " outside of the copy engine",
                cost.kind().label(),
                SizeConverter.format(FaultPlan.folioBytes(cost.order())),
                cost.nanos().medianNanos() / NANOS_IN_MICRO,
                cost.ratio(),
                (double) cost.nanos().nanos(99) / cost.nanos().medianNanos(),
                cost.modelNanos().medianNanos() / NANOS_IN_MICRO);
    }
}
