package farpage.cli;

import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import java.io.PrintStream;
import java.util.List;

/// What an experiment found, as one HTML page: it needs nothing but itself, and is made for a
/// phone, a screen, light or dark, and paper.
final class ExperimentPage {
    private final ExperimentReport report;

    ExperimentPage(ExperimentReport report) {
        this.report = report;
    }

    void print(PrintStream out) {
        HtmlPage.begin(out, "Farpage: experiment " + report.experiment().name());
        printSetting(out);
        out.print("<h2>What was found</h2>\n");
        HtmlPage.list(out, report.findings().found());
        List<Row> fine = ReportCharts.where(report.rows(), "status", "ok");
        for (ReportCharts.Figure figure :
                ExperimentFigures.of(report.experiment().charts(), fine)) {
            HtmlPage.figure(out, figure.caption(), figure.svg());
        }
        out.print("<h2>Figures</h2>\n");
        for (FindingTable table : report.findings().tables()) {
            printTable(out, table);
        }
        out.print("<h2>What does not carry over to real hardware</h2>\n");
        HtmlPage.list(out, report.findings().limits());
        HtmlPage.end(out);
    }

    private void printSetting(PrintStream out) {
        Row context = report.context();
        out.print("<h1>%s</h1>\n<dl>\n".formatted(SvgText.escaped(report.experiment().question())));
        HtmlPage.term(out, "Linux 7.0", report.experiment().today());
        HtmlPage.term(out, "Here", report.experiment().design());
        HtmlPage.term(
                out,
                "Device",
                "%s, %s, driver %s, through %s"
                        .formatted(
                                context.text("device"),
                                context.text("platform"),
                                context.text("driver"),
                                context.text("binding")));
        HtmlPage.term(
                out,
                "Host",
                "%s processors, %s, %s"
                        .formatted(
                                context.text("processors"),
                                context.text("os"),
                                context.text("jvm")));
        HtmlPage.term(
                out,
                "Measured",
                "%s; seed %s. Farpage %s"
                        .formatted(
                                report.findings().measured(),
                                context.text("seed"),
                                context.text("version")));
        out.print("</dl>\n");
    }

    private static void printTable(PrintStream out, FindingTable table) {
        List<FindingColumn> columns =
                table.columns().stream().filter(FindingColumn::isShown).toList();
        out.print("<h3>%s</h3>\n".formatted(SvgText.escaped(table.title())));
        out.print("<div class=\"wide\"><table>\n<thead><tr>");
        columns.forEach(column -> cell(out, "th", column, column.heading()));
        out.print("</tr></thead>\n<tbody>\n");
        for (FindingRow row : table.rows()) {
            out.print("<tr>");
            columns.forEach(column -> cell(out, "td", column, FindingFormat.cell(column, row)));
            row.skipped()
                    .ifPresent(reason ->
                            out.print(
                                    "<td class=\"reason skipped\">%s</td>"
                                            .formatted(SvgText.escaped(reason))));
            out.print("</tr>\n");
        }
        out.print("</tbody></table></div>\n");
    }

    private static void cell(PrintStream out, String tag, FindingColumn column, String text) {
        out.print(
                "<%s%s>%s</%s>"
                        .formatted(
                                tag,
                                column.unit() == FindingUnit.TEXT ? " class=\"text\"" : "",
                                SvgText.escaped(text),
                                tag));
    }
}
