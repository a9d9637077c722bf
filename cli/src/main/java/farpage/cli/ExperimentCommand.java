package farpage.cli;

import farpage.emulator.experiment.Experiment;
import farpage.emulator.experiment.ExperimentAmount;
import farpage.emulator.experiment.ExperimentOption;
import farpage.emulator.experiment.ExperimentSetting;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.OptionalLong;
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
    /// Of an option: the experiment has its own default.
    private static final long NOT_GIVEN = -1;

    @Parameters(paramLabel = "NAME", arity = "0..1", description = "Which one; default: the list")
    String name = "";

    @Option(
            names = "--size",
            paramLabel = "SIZE",
            converter = SizeConverter.class,
            description = "The memory that it works on")
    long bytes = NOT_GIVEN;

    @Option(names = "--runs", paramLabel = "N", description = "Runs that count")
    long runs = NOT_GIVEN;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description = "Runs before them that do not count")
    long warmUpRuns = NOT_GIVEN;

    @Option(
            names = "--orders",
            paramLabel = "ORDER,...",
            split = ",",
            description = "The orders of the folios")
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
        Experiment experiment = Experiments.of(name);
        ExperimentAmount amount = amount(experiment);
        if (html.isEmpty()) {
            measure(experiment, amount).print(options.format, output.stream());
            return ExitCode.DONE;
        }
        try (ReportOutput page = ReportOutput.open(environment(), "--html", html)) {
            ExperimentReport report = measure(experiment, amount);
            report.print(options.format, output.stream());
            new ExperimentPage(report).print(page.stream());
            environment().interruption().check();
            page.commit();
        }
        return ExitCode.DONE;
    }

    /// What the user set, if the experiment can do with it. An option that it does not look at is
    /// not passed over in silence.
    private ExperimentAmount amount(Experiment experiment) {
        try {
            ExperimentAmount amount =
                    new ExperimentAmount(
                            bytes == NOT_GIVEN ? OptionalLong.empty() : OptionalLong.of(bytes),
                            number(runs),
                            number(warmUpRuns),
                            orders.stream().map(Math::toIntExact).toList());
            for (ExperimentOption option : amount.given()) {
                if (!experiment.options().contains(option)) {
                    throw new CliFailure(
                            ExitCode.USAGE,
                            "%s: nothing of experiment %s is set by it; right would be to leave it out"
                                    .formatted(name(option), experiment.name()));
                }
            }
            experiment.check(amount);
            return amount;
        } catch (IllegalArgumentException | ArithmeticException failure) {
            throw new CliFailure(
                    ExitCode.USAGE,
                    "--size, --runs, --warm-up, --orders: "
                            + Objects.requireNonNull(failure.getMessage()));
        }
    }

    private static OptionalInt number(long value) {
        return value == NOT_GIVEN ? OptionalInt.empty() : OptionalInt.of(Math.toIntExact(value));
    }

    private static String name(ExperimentOption option) {
        return switch (option) {
            case SIZE -> "--size";
            case RUNS -> "--runs";
            case WARM_UP -> "--warm-up";
            case ORDERS -> "--orders";
        };
    }

    private void list(ReportOutput output) {
        if (options.format == OutputFormat.TEXT) {
            for (Experiment experiment : Experiments.ALL) {
                output.stream()
                        .print("%-14s %s\n".formatted(experiment.name(), experiment.question()));
            }
            return;
        }
        RowOutput rows = RowOutput.of(options.format, output.stream());
        rows.context(Context.base(this, "experiment"));
        for (Experiment experiment : Experiments.ALL) {
            rows.row(
                    Row.skipped("experiment", "listed only: a NAME runs it")
                            .put("name", experiment.name())
                            .put("experiment", experiment.name())
                            .put("question", experiment.question()));
        }
        rows.end();
    }

    private ExperimentReport measure(Experiment experiment, ExperimentAmount amount) {
        try (DeviceSession session = DeviceSession.open(this, copy);
                ProgressBar progress =
                        new ProgressBar(environment(), options.quiet, experiment.name())) {
            ExperimentSetting setting =
                    new ExperimentSetting(
                            session.config(),
                            amount,
                            options.seed,
                            environment().nanoClock(),
                            done -> {
                                environment().interruption().check();
                                progress.update(done, experiment.name());
                            });
            return new ExperimentReport(
                    experiment,
                    experiment.run(setting),
                    Context.of(this, "experiment", session.choice().device()));
        }
    }
}
