package farpage.cli;

import java.util.ArrayList;
import java.util.List;

/// Charts of `experiment large-folios`, out of its rows: what bookkeeping is of moving 2 MiB, and
/// the rate of a range, by the size of the folios.
final class ExperimentCharts {
    private ExperimentCharts() {}

    static List<ReportCharts.Figure> figures(List<Row> rows) {
        List<ReportCharts.Figure> figures = new ArrayList<>();
        for (String direction : ReportCharts.values(rows, "direction")) {
            String name = MigrateCharts.direction(direction);
            List<Row> own = ReportCharts.where(rows, "direction", direction);
            addParts(figures, name, ReportCharts.where(own, "unit", "block"));
            List<Row> ranges = ReportCharts.where(own, "unit", "range");
            new ReportCharts.Lines("Throughput", "GB/s", "folioBytes", true)
                    .add("moved whole", ReportCharts.where(ranges, "path", "whole"), "gbps")
                    .add("split", ReportCharts.where(ranges, "path", "split"), "gbps")
                    .add("one plain transfer", ranges, "rawGbps")
                    .addTo(figures, name + ": throughput of a range by the size of the folios");
        }
        return figures;
    }

    private static void addParts(List<ReportCharts.Figure> figures, String name, List<Row> rows) {
        SvgStackedBars bars = new SvgStackedBars("Parts", "µs", "bookkeeping", "copy");
        for (Row row : rows) {
            double bookkeeping = ReportCharts.number(row, "bookkeepingMicros");
            double copy = ReportCharts.number(row, "copyMicros");
            if (Double.isFinite(bookkeeping + copy)) {
                bars.add(
                        "%s%s"
                                .formatted(
                                        ReportCharts.size(ReportCharts.number(row, "folioBytes")),
                                        row.text("path").equals("split") ? ", split" : ""),
                        bookkeeping,
                        copy);
            }
        }
        if (!bars.isEmpty()) {
            figures.add(
                    new ReportCharts.Figure(
                            name + ": 2 MiB in one command, bookkeeping and copy", bars.svg()));
        }
    }
}
