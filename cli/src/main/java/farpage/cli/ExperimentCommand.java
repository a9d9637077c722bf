package farpage.cli;

import farpage.emulator.experiment.LargeFolioExperiment;
import farpage.emulator.experiment.LargeFolioPlan;
import farpage.emulator.experiment.LargeFolioResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import picocli.CommandLine;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `experiment`: a design beside what Linux does today, measured on real copies.
@CommandLine.Command(
        name = "experiment",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Measures a design from the kernel's mailing lists beside what Linux does today, on real"
                    + " copies in OpenCL buffers; every byte is compared. Without NAME it lists the"
                    + " experiments.",
            "The exit code is 1 when data differ."
        },
        footer = {
            "",
            "Examples:",
            "  farpage experiment large-folios --html=large-folios.html",
            "  farpage experiment large-folios --orders=0,4,9 --size=8MiB --format=json"
        })
final class ExperimentCommand extends Command {
    @Parameters(paramLabel = "NAME", arity = "0..1", description = "Which one; default: the list")
    String name = "";

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "The memory that moves, a multiple of 2 MiB; default: 16 MiB")
    long bytes = LargeFolioPlan.BYTES_DEFAULT;

    @Option(
            names = "--runs",
            paramLabel = "N",
            description = "Runs that count, each over all orders; default: ${DEFAULT-VALUE}")
    long runs = LargeFolioPlan.RUNS_DEFAULT;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description = "Runs before them that do not count; default: ${DEFAULT-VALUE}")
    long warmUpRuns = LargeFolioPlan.WARM_UP_RUNS_DEFAULT;

    @Option(
            names = "--orders",
            paramLabel = "ORDER,...",
            split = ",",
            description = "The orders of the folios; default: 0,2,3,4,5,6,7,8,9")
    List<Long> orders = new ArrayList<>();

    @Option(
            names = "--html",
            paramLabel = "FILE",
            description = "Writes the results as one HTML page with charts as well")
    String html = "";

    @Mixin CopyOptions copy = new CopyOptions();

    ExperimentCommand(CliEnvironment environment) {
        super(environment);
    }

    @Override
    int run(ReportOutput output) {
        if (name.isEmpty()) {
            if (!html.isEmpty()) {
                throw new CliFailure(
                        ExitCode.USAGE, "--html: of what? right would be a NAME before it");
            }
            list(output);
            return ExitCode.DONE;
        }
        Experiment experiment = Experiment.of(name);
        LargeFolioPlan plan = plan();
        if (html.isEmpty()) {
            measure(experiment, plan).print(options.format, output.stream());
            return ExitCode.DONE;
        }
        try (ReportOutput page = ReportOutput.open(environment(), "--html", html)) {
            LargeFolioReport report = measure(experiment, plan);
            report.print(options.format, output.stream());
            new LargeFolioPage(report).print(page.stream());
            environment().interruption().check();
            page.commit();
        }
        return ExitCode.DONE;
    }

    private void list(ReportOutput output) {
        if (options.format == OutputFormat.TEXT) {
            for (Experiment experiment : Experiment.values()) {
                output.stream()
                        .print("%-14s %s\n".formatted(experiment.label(), experiment.question()));
            }
            return;
        }
        RowOutput rows = RowOutput.of(options.format, output.stream());
        rows.context(Context.base(this, "experiment"));
        for (Experiment experiment : Experiment.values()) {
            rows.row(
                    Row.skipped("experiment", "listed only: a NAME runs it")
                            .put("name", experiment.label())
                            .put("experiment", experiment.label())
                            .put("question", experiment.question()));
        }
        rows.end();
    }

    private LargeFolioPlan plan() {
        try {
            return new LargeFolioPlan(
                    bytes,
                    Math.toIntExact(runs),
                    Math.toIntExact(warmUpRuns),
                    orders.isEmpty()
                            ? LargeFolioPlan.ORDERS
                            : orders.stream().map(Math::toIntExact).toList());
        } catch (IllegalArgumentException | ArithmeticException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--size, --runs, --warm-up, --orders: "
                            + Objects.requireNonNull(failure.getMessage()));
        }
    }

    private LargeFolioReport measure(Experiment experiment, LargeFolioPlan plan) {
        try (DeviceSession session = DeviceSession.open(this, copy);
                ProgressBar progress =
                        new ProgressBar(environment(), options.quiet, experiment.label())) {
            LargeFolioResult result =
                    new LargeFolioExperiment(
                                    session.config(), plan, options.seed, environment().nanoClock())
                            .run(done -> {
                                environment().interruption().check();
                                progress.update(
                                        done, String.format(Locale.ROOT, "%d runs", plan.runs()));
                            });
            return new LargeFolioReport(
                    experiment, result, Context.of(this, "experiment", session.choice().device()));
        }
    }
}
