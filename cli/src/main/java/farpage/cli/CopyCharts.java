package farpage.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;

/// Charts of `bench copy`: the rate by the size of one transfer, by the pages of a batch, and by
/// the batches under way, beside the device's own rate and that of `memcpy`.
final class CopyCharts {
    /// Methods in one chart; the lines of the limits come on top.
    private static final int METHODS_MAX = 4;

    private static final Map<String, String> DIRECTIONS =
            Map.of("h2d", "To the device", "d2h", "To the host", "d2d", "Within the device");

    private final List<Row> rows;

    CopyCharts(List<Row> rows) {
        this.rows = rows;
    }

    List<ReportCharts.Figure> figures() {
        List<ReportCharts.Figure> figures = new ArrayList<>();
        for (String direction : ReportCharts.values(rows, "direction")) {
            String name = DIRECTIONS.getOrDefault(direction, direction);
            List<Row> alone =
                    ReportCharts.where(
                            ReportCharts.where(rows, "direction", direction),
                            row -> !row.has("inFlight") || row.text("inFlight").equals("1"));
            List<Row> transfers =
                    ReportCharts.where(
                            alone,
                            row -> row.text("layout").equals("contiguous") && isOneBatch(row));
            lines(transfers, "bytes", true)
                    .addTo(figures, name + ": throughput by the size of one transfer");
            for (String layout : ReportCharts.values(alone, "layout")) {
                List<Row> batches =
                        ReportCharts.where(
                                ReportCharts.where(alone, "layout", layout),
                                row -> !isOneBatch(row) || !layout.equals("contiguous"));
                lines(batches, "batchPages", false)
                        .addTo(
                                figures,
                                "%s: throughput by the pages of a batch, %s"
                                        .formatted(name, layout));
            }
            addInFlight(figures, direction, name);
        }
        return figures;
    }

    private static boolean isOneBatch(Row row) {
        return ReportCharts.number(row, "bytes")
                == ReportCharts.number(row, "pageBytes") * ReportCharts.number(row, "batchPages");
    }

    /// The methods with the most points first, and the fastest of those.
    private static ReportCharts.Lines lines(List<Row> rows, String field, boolean areBytes) {
        ReportCharts.Lines lines = new ReportCharts.Lines("Throughput", "GB/s", field, areBytes);
        List<String> methods =
                ReportCharts.values(rows, "method").stream()
                        .sorted(
                                Comparator.<String>comparingInt(method -> -points(rows, method))
                                        .thenComparingDouble(method -> -fastest(rows, method)))
                        .limit(METHODS_MAX)
                        .toList();
        for (String method : methods) {
            lines.add(method, ReportCharts.where(rows, "method", method), "gbps");
        }
        return lines.add("one plain OpenCL transfer", rows, "rawGbps")
                .add("memcpy of the same pages", rows, "patternGbps");
    }

    private static int points(List<Row> rows, String method) {
        return ReportCharts.where(rows, "method", method).size();
    }

    private static double fastest(List<Row> rows, String method) {
        return ReportCharts.where(rows, "method", method).stream()
                .mapToDouble(row -> ReportCharts.number(row, "gbps"))
                .max()
                .orElse(0);
    }

    private void addInFlight(List<ReportCharts.Figure> figures, String direction, String name) {
        List<Row> deep =
                ReportCharts.where(
                        ReportCharts.where(rows, "direction", direction),
                        row -> row.has("inFlight") && !row.text("inFlight").equals("1"));
        List<String> methods = ReportCharts.values(deep, "method");
        List<Row> all =
                ReportCharts.where(
                        ReportCharts.where(rows, "direction", direction),
                        row ->
                                methods.contains(row.text("method"))
                                        && ReportCharts.values(deep, "layout")
                                                .contains(row.text("layout")));
        ReportCharts.Lines lines = new ReportCharts.Lines("Throughput", "GB/s", "inFlight", false);
        for (String batch : ReportCharts.values(deep, "batchPages")) {
            lines.add(
                    batch + " pages a batch", ReportCharts.where(all, "batchPages", batch), "gbps");
        }
        lines.addTo(figures, name + ": throughput by the batches under way at once");
    }
}
