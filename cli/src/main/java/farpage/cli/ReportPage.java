package farpage.cli;

import java.io.PrintStream;
import java.util.List;

/// Results of one or more runs as one page: where each was made, charts, and all its rows.
final class ReportPage {
    private final List<RowReader.Report> runs;

    ReportPage(List<RowReader.Report> runs) {
        this.runs = List.copyOf(runs);
    }

    static long count(List<Row> rows, String status) {
        return rows.stream().filter(row -> row.text("status").equals(status)).count();
    }

    void print(PrintStream out) {
        String title = title();
        HtmlPage.begin(out, "Farpage: " + title);
        out.print("<h1>Farpage: %s</h1>\n".formatted(SvgText.escaped(title)));
        for (int i = 0; i < runs.size(); i++) {
            RowReader.Report run = runs.get(i);
            if (runs.size() > 1) {
                out.print("<h2>%s</h2>\n".formatted(SvgText.escaped(name(run))));
            }
            boolean isSame = i > 0 && isSameSetting(runs.get(i - 1).context(), run.context());
            printSetting(out, run, isSame);
            for (ReportCharts.Figure figure : ReportCharts.of(run.rows())) {
                HtmlPage.figure(out, figure.caption(), figure.svg());
            }
            out.print("<h3>All rows</h3>\n");
            new ReportTable(run.rows()).print(out);
        }
        HtmlPage.end(out);
    }

    private String title() {
        List<String> names = runs.stream().map(ReportPage::name).distinct().toList();
        return String.join(", ", names);
    }

    /// What ran: the command, and the benchmark or the experiment.
    private static String name(RowReader.Report run) {
        Row context = run.context();
        Row first = run.rows().getFirst();
        String which =
                context.has("name")
                        ? context.text("name")
                        : first.has("experiment") ? first.text("experiment") : "";
        return which.isEmpty() ? context.text("context") : context.text("context") + " " + which;
    }

    private static boolean isSameSetting(Row before, Row context) {
        return List.of("device", "platform", "driver", "binding", "host", "jvm", "version").stream()
                .allMatch(field -> before.text(field).equals(context.text(field)));
    }

    private static void printSetting(PrintStream out, RowReader.Report run, boolean isSame) {
        Row context = run.context();
        out.print("<dl>\n");
        if (!isSame && context.has("device")) {
            HtmlPage.term(
                    out,
                    "Device",
                    "%s, %s, driver %s, %s, through %s"
                            .formatted(
                                    context.text("device"),
                                    context.text("platform"),
                                    context.text("driver"),
                                    context.text("openclVersion"),
                                    context.text("binding")));
            HtmlPage.term(
                    out,
                    "Memory",
                    context.text("unifiedHostMemory").equals("true")
                            ? "the device shares the host's: copies are memcpy"
                            : "the device has its own: copies cross a bus");
        }
        if (!isSame) {
            HtmlPage.term(
                    out,
                    "Host",
                    "%s%s processors, %s %s, %s"
                            .formatted(
                                    context.has("cpu") ? context.text("cpu") + ", " : "",
                                    context.text("processors"),
                                    context.text("os"),
                                    context.text("arch"),
                                    context.text("jvm")));
        }
        HtmlPage.term(
                out,
                "Run",
                "seed %s, Farpage %s%s%s"
                        .formatted(
                                context.text("seed"),
                                context.text("version"),
                                context.text("quick").equals("true") ? ", quick" : "",
                                context.has("copyPlan")
                                        ? "; copy plan: " + context.text("copyPlan")
                                        : ""));
        long failed = count(run.rows(), "failed");
        long skipped = count(run.rows(), "skipped");
        out.print(
                "<dt>Rows</dt><dd%s>%d ok, %d failed, %d skipped</dd>\n</dl>\n"
                        .formatted(
                                failed > 0 ? " class=\"failed\"" : "",
                                count(run.rows(), "ok"),
                                failed,
                                skipped));
    }
}
