package farpage.cli;

import farpage.emulator.bench.BenchProgress;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/// The frame of each benchmark: options that all have, the comparison with an earlier run, and the
/// report in every form.
abstract class BenchSubcommand extends Command {
    private static final double NO_LIMIT = -1;

    private final Bench bench;

    @Option(
            names = "--quick",
            description = "The rows that matter most, in less than 45 s; without, a few minutes")
    boolean quick;

    @Option(
            names = "--baseline",
            paramLabel = "FILE",
            description =
                    "Compares with an earlier run, the output of --format=json: ratios to what the"
                            + " device did in the same run, not rates")
    String baseline = "";

    @Option(
            names = "--fail-over",
            paramLabel = "PERCENT",
            converter = PercentConverter.class,
            description =
                    "A row that is worse than its baseline by more than this has failed, as 10%%;"
                            + " default: none fails")
    double failOver = NO_LIMIT;

    @Mixin CopyOptions copy = new CopyOptions();

    BenchSubcommand(CliEnvironment environment, Bench bench) {
        super(environment);
        this.bench = bench;
    }

    /// Looks at the options of this benchmark before anything is opened.
    ///
    /// @throws CliFailure if they make no sense
    abstract void checkOptions();

    /// Measures.
    ///
    /// @param context may be added to
    /// @param progress may throw to stop
    abstract BenchReport measure(DeviceSession session, Row context, BenchProgress progress);

    @Override
    final int run(ReportOutput output) {
        Optional<Baseline> earlier = earlier();
        checkOptions();
        Row context;
        BenchReport report;
        try (DeviceSession session = DeviceSession.open(this, copy);
                ProgressBar bar =
                        new ProgressBar(environment(), options.quiet, "bench " + bench.label())) {
            context = BenchContext.of(this, bench, session.choice().device(), quick);
            report =
                    measure(
                            session,
                            context,
                            (done, what) -> {
                                environment().interruption().check();
                                bar.update(done, what);
                            });
        }
        Row where = context;
        BenchReport found = report;
        List<String> remarks =
                earlier.map(before -> before.compare(where, found.rows())).orElse(List.of());
        print(output, context, report, remarks);
        return report.hasFailures() ? ExitCode.CHECK_FAILED : ExitCode.DONE;
    }

    private Optional<Baseline> earlier() {
        if (baseline.isEmpty()) {
            if (failOver != NO_LIMIT) {
                throw new CliFailure(
                        ExitCode.USAGE, "--fail-over: against what? right would be a --baseline");
            }
            return Optional.empty();
        }
        OptionalDouble limit =
                failOver == NO_LIMIT ? OptionalDouble.empty() : OptionalDouble.of(failOver);
        return Optional.of(Baseline.read(bench, baseline, limit));
    }

    private void print(ReportOutput output, Row context, BenchReport report, List<String> remarks) {
        if (options.format == OutputFormat.TEXT) {
            new BenchText(bench, context, report, remarks).print(output.stream());
            return;
        }
        remarks.forEach(this::note);
        RowOutput rows = RowOutput.of(options.format, output.stream());
        rows.context(context);
        report.rows().forEach(rows::row);
        rows.end();
    }
}
