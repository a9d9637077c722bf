package farpage.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/// A benchmark's results for people: where they were made, the table, what follows from them.
final class BenchText {
    private static final int WIDTH = 98;
    private static final String INDENT = " ".repeat(12);

    private final Bench bench;
    private final Row context;
    private final BenchReport report;
    private final List<String> remarks;

    /// @param remarks about the baseline
    BenchText(Bench bench, Row context, BenchReport report, List<String> remarks) {
        this.bench = bench;
        this.context = context;
        this.report = report;
        this.remarks = List.copyOf(remarks);
    }

    void print(PrintStream out) {
        line(out, "bench", bench.label() + ", seed " + context.text("seed"));
        line(
                out,
                "device",
                "%s, driver %s, through %s"
                        .formatted(
                                context.text("device"),
                                context.text("driver"),
                                context.text("binding")));
        line(
                out,
                "memory",
                context.text("unifiedHostMemory").equals("true")
                        ? "the device shares the host's: copies are memcpy"
                        : "the device has its own: copies cross a bus");
        line(
                out,
                "host",
                "%s, %s processors, %s"
                        .formatted(
                                context.text("cpu"),
                                context.text("processors"),
                                context.text("jvm")));
        if (context.has("copyPlan")) {
            line(out, "copy plan", context.text("copyPlan"));
        }
        line(out, "measured", report.measured());
        out.print("\n");
        table(out, columns(), true);
        out.print("\n");
        if (!report.detail().isEmpty()) {
            table(out, report.detail(), false);
            out.print("\n");
        }
        report.findings().forEach(finding -> line(out, "found", finding));
        remarks.forEach(remark -> line(out, "baseline", remark));
        long failed = count("failed");
        long skipped = count("skipped");
        line(out, "rows", "%d ok, %d failed, %d skipped".formatted(count("ok"), failed, skipped));
    }

    private long count(String status) {
        return report.rows().stream().filter(row -> row.text("status").equals(status)).count();
    }

    /// A name and a text, broken between words.
    private static void line(PrintStream out, String name, String text) {
        StringBuilder line = new StringBuilder("%-12s".formatted(name));
        for (String word : text.split(" ", -1)) {
            if (line.length() + 1 + word.length() > WIDTH) {
                out.print(line + "\n");
                line = new StringBuilder(INDENT);
            }
            line.append(' ').append(word);
        }
        out.print(line + "\n");
    }

    private List<BenchColumn> columns() {
        List<BenchColumn> columns = new ArrayList<>(report.columns());
        if (report.rows().stream().anyMatch(row -> row.has("baseline"))) {
            columns.add(new BenchColumn("change", false, row -> Baseline.change(bench, row)));
        }
        return columns;
    }

    private void table(PrintStream out, List<BenchColumn> columns, boolean hasStatus) {
        List<StringBuilder> lines = new ArrayList<>();
        for (int i = 0; i <= report.rows().size(); i++) {
            lines.add(new StringBuilder());
        }
        for (BenchColumn column : columns) {
            append(column, lines);
        }
        out.print(lines.getFirst().toString().stripTrailing() + "\n");
        for (int i = 0; i < report.rows().size(); i++) {
            Row row = report.rows().get(i);
            String status =
                    !hasStatus || row.text("status").equals("ok")
                            ? ""
                            : "  " + row.text("status") + ": " + row.text("reason");
            out.print((lines.get(i + 1) + status).stripTrailing() + "\n");
        }
    }

    private void append(BenchColumn column, List<StringBuilder> lines) {
        List<String> cells = new ArrayList<>(List.of(column.title()));
        report.rows().forEach(row -> cells.add(column.cell().apply(row)));
        int width = cells.stream().mapToInt(String::length).max().orElse(0);
        for (int i = 0; i < lines.size(); i++) {
            String cell = cells.get(i);
            String blanks = " ".repeat(width - cell.length());
            StringBuilder line = lines.get(i);
            line.append(line.isEmpty() ? "" : "  ");
            line.append(column.isText() ? cell + blanks : blanks + cell);
        }
    }
}
