package farpage.cli;

import farpage.emulator.bench.BenchProgress;
import farpage.emulator.bench.MetadataBench;
import farpage.emulator.bench.MetadataKind;
import farpage.emulator.bench.MetadataPlan;
import farpage.emulator.bench.MetadataResult;
import farpage.emulator.bench.PageOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;
import picocli.CommandLine;
import picocli.CommandLine.Option;

/// `bench metadata`: what the bookkeeping costs.
@CommandLine.Command(
        name = "metadata",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Measures the bookkeeping of device memory. Nothing is copied, and the device's pages have"
                    + " numbers but no memory behind them: migrations of base pages to a device and"
                    + " back with locks, reverse map, references, notifiers, allocation and the"
                    + " device's page table; looking pages up in a page table; registering device"
                    + " memory; the heap that a device page takes.",
            "pagesPerSecond counts the migration of a page in one direction as one."
        },
        footer = {
            "",
            "Examples:",
            "  farpage bench metadata --quick",
            "  farpage bench metadata --what=migrateRoundTrip --layout=runs --threads=1"
        })
final class MetadataBenchCommand extends BenchSubcommand {
    /// Stands for a batch of all pages.
    private static final long ALL = Long.MIN_VALUE;

    @Option(
            names = "--what",
            paramLabel = "WHAT,...",
            split = ",",
            description =
                    "migrateRoundTrip, pageTableWalk, initDeviceMemory, bytesPerPage; default: all")
    List<String> what = new ArrayList<>();

    @Option(
            names = "--layout",
            paramLabel = "LAYOUT,...",
            split = ",",
            description =
                    "The order in which pages are taken: contiguous, runs (of 16 pages, the runs in"
                            + " random order), scattered (all at random); default: all")
    List<String> layouts = new ArrayList<>();

    @Option(
            names = "--threads",
            paramLabel = "N,...",
            split = ",",
            description = "Threads, each with a part of the pages: 1, 2; default: both")
    List<Long> threads = new ArrayList<>();

    @Option(
            names = "--pages",
            paramLabel = "N",
            description = "Pages of the range, a power of two; default: ${DEFAULT-VALUE}")
    long pages = MetadataPlan.PAGES_DEFAULT;

    @Option(
            names = "--batch",
            paramLabel = "N",
            description =
                    "Pages that one command names, unless they are contiguous; default: all of"
                            + " them")
    long batchPages = ALL;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Rounds that count; default: 15, with --quick 3")
    long rounds;

    @Option(
            names = "--device-memory",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "Device memory that is registered; default: 128 GiB")
    long initBytes = MetadataPlan.INIT_BYTES_DEFAULT;

    MetadataBenchCommand(CliEnvironment environment) {
        super(environment, Bench.METADATA);
    }

    @Override
    void checkOptions() {
        MetadataPlan checked = plan();
        assert checked.rounds() > 0;
    }

    private MetadataPlan plan() {
        MetadataPlan usual = quick ? MetadataPlan.quick() : MetadataPlan.full();
        Set<MetadataKind> kinds = named("--what", what, MetadataKind.class, MetadataKind::label);
        Set<PageOrder> orders = named("--layout", layouts, PageOrder.class, PageOrder::label);
        try {
            return new MetadataPlan(
                    kinds,
                    orders,
                    threads.isEmpty()
                            ? usual.threads()
                            : threads.stream().map(Math::toIntExact).toList(),
                    Math.toIntExact(pages),
                    Math.toIntExact(batchPages == ALL ? pages : batchPages),
                    rounds == 0 ? usual.rounds() : Math.toIntExact(rounds),
                    usual.warmUpRounds(),
                    rounds > 0 && rounds < usual.rounds() ? 0 : usual.settleNanos(),
                    initBytes);
        } catch (IllegalArgumentException | ArithmeticException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "bench metadata: " + Objects.requireNonNull(failure.getMessage()));
        }
    }

    /// The constants that an option names; all where it names none.
    private static <E extends Enum<E>> Set<E> named(
            String option, List<String> names, Class<E> type, Function<E, String> label) {
        EnumSet<E> found = EnumSet.noneOf(type);
        for (String name : names) {
            found.add(
                    Arrays.stream(type.getEnumConstants())
                            .filter(each -> label.apply(each).equals(name))
                            .findFirst()
                            .orElseThrow(() -> unknown(option, name, type, label)));
        }
        return found.isEmpty() ? EnumSet.allOf(type) : found;
    }

    private static <E extends Enum<E>> CliFailure unknown(
            String option, String name, Class<E> type, Function<E, String> label) {
        List<String> known = Arrays.stream(type.getEnumConstants()).map(label).toList();
        return new CliFailure(
                ExitCode.USAGE,
                "%s: no '%s'; right would be %s".formatted(option, name, String.join(", ", known)));
    }

    @Override
    BenchReport measure(DeviceSession session, Row context, BenchProgress progress) {
        MetadataPlan plan = plan();
        List<MetadataResult> results =
                new MetadataBench(plan, options.seed, HostClocks.of(environment())).run(progress);
        return new MetadataReport(plan, results).report();
    }
}
