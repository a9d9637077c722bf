package farpage.cli;

import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `report`: results as a page with charts.
@CommandLine.Command(
        name = "report",
        mixinStandardHelpOptions = true,
        versionProvider = FarpageCommand.Version.class,
        sortOptions = false,
        description = {
            "Makes one HTML page with charts and tables of results that --format=json printed: of bench"
                    + " above all, or of an experiment. FILE may hold several runs, one after"
                    + " another. The page needs nothing but itself, can be read on a phone, and"
                    + " printed."
        },
        footer = {
            "",
            "Examples:",
            "  farpage report fault.json --html=fault.html",
            "  farpage report every-benchmark.json --html=report.html"
        })
final class ReportCommand extends Command {
    @Parameters(paramLabel = "FILE", description = "Results, as --format=json prints them")
    String file = "";

    @Option(
            names = "--html",
            paramLabel = "FILE",
            required = true,
            description = "The page, written whole or not at all")
    String html = "";

    ReportCommand(CliEnvironment environment) {
        super(environment);
    }

    @Override
    int run(ReportOutput output) {
        List<RowReader.Report> runs = RowReader.readRuns("report", file);
        if (html.isEmpty()) {
            throw new CliFailure(ExitCode.USAGE, "--html: no name; right would be a file");
        }
        try (ReportOutput page = ReportOutput.open(environment(), "--html", html)) {
            new ReportPage(runs).print(page.stream());
            page.commit();
        }
        print(output, runs);
        return ExitCode.DONE;
    }

    private void print(ReportOutput output, List<RowReader.Report> runs) {
        List<Row> rows = runs.stream().flatMap(run -> run.rows().stream()).toList();
        Row row =
                Row.ok("report")
                        .put("file", file)
                        .put("html", html)
                        .put("runs", runs.size())
                        .put("ok", ReportPage.count(rows, "ok"))
                        .put("failed", ReportPage.count(rows, "failed"))
                        .put("skipped", ReportPage.count(rows, "skipped"));
        if (options.format == OutputFormat.TEXT) {
            output.stream()
                    .print(
                            "%s: %s; %s ok, %s failed, %s skipped\n"
                                    .formatted(
                                            html,
                                            runs.size() == 1 ? "1 run" : runs.size() + " runs",
                                            row.text("ok"),
                                            row.text("failed"),
                                            row.text("skipped")));
            return;
        }
        RowOutput out = RowOutput.of(options.format, output.stream());
        out.context(Context.base(this, "report"));
        out.row(row);
        out.end();
    }
}
