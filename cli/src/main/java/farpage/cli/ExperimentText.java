package farpage.cli;

import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingTable;
import farpage.emulator.experiment.FindingUnit;
import java.io.PrintStream;
import java.util.List;

/// What an experiment found, for people: what was asked, the tables, a short reading.
final class ExperimentText {
    private static final int WIDTH = 98;
    private static final String INDENT = " ".repeat(13);
    private static final String GAP = "  ";

    private final ExperimentReport report;

    ExperimentText(ExperimentReport report) {
        this.report = report;
    }

    void print(PrintStream out) {
        Row context = report.context();
        line(out, "experiment", report.experiment().name() + ", seed " + context.text("seed"));
        line(out, "question", report.experiment().question());
        line(out, "Linux 7.0", report.experiment().today());
        line(out, "here", report.experiment().design());
        line(out, "device", context.text("device") + ", through " + context.text("binding"));
        line(out, "measured", report.findings().measured());
        for (FindingTable table : report.findings().tables()) {
            print(out, table);
        }
        out.print("\n");
        report.findings().found().forEach(finding -> line(out, "found", finding));
        report.findings().limits().forEach(limit -> line(out, "not shown", limit));
    }

    /// A name and a text, broken between words.
    private static void line(PrintStream out, String name, String text) {
        StringBuilder line = new StringBuilder("%-12s".formatted(name));
        for (String word : text.split(" ", -1)) {
            if (line.length() + 1 + word.length() > WIDTH) {
                out.print(line + "\n");
                line = new StringBuilder(INDENT.substring(1));
            }
            line.append(' ').append(word);
        }
        out.print(line + "\n");
    }

    private static void print(PrintStream out, FindingTable table) {
        List<FindingColumn> columns =
                table.columns().stream().filter(FindingColumn::isShown).toList();
        int[] widths = new int[columns.size()];
        for (int i = 0; i < widths.length; i++) {
            widths[i] = width(columns.get(i), table.rows());
        }
        out.print("\n" + table.title() + "\n");
        StringBuilder head = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            append(head, columns.get(i), columns.get(i).heading(), widths[i]);
        }
        out.print(head.toString().stripTrailing() + "\n");
        for (FindingRow row : table.rows()) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                append(line, columns.get(i), FindingFormat.cell(columns.get(i), row), widths[i]);
            }
            row.skipped().ifPresent(reason -> line.append(GAP).append(reason));
            out.print(line.toString().stripTrailing() + "\n");
        }
    }

    private static int width(FindingColumn column, List<FindingRow> rows) {
        return Math.max(
                column.heading().length(),
                rows.stream()
                        .mapToInt(row -> FindingFormat.cell(column, row).length())
                        .max()
                        .orElse(0));
    }

    private static void append(StringBuilder line, FindingColumn column, String cell, int width) {
        String padding = " ".repeat(width - cell.length());
        boolean isText = column.unit() == FindingUnit.TEXT;
        line.append(line.isEmpty() ? "" : GAP).append(isText ? cell + padding : padding + cell);
    }
}
