package farpage.cli;

import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.List;

/// Charts of `bench fault`: the latency by percentile and by the size of the folio, beside a plain
/// transfer of as many bytes, and what is bookkeeping of it.
final class FaultCharts {
    /// What a latency is looked at by, as fields.
    private static final List<String> PERCENTILES = List.of("p50", "p90", "p99", "p999", "max");

    private static final List<String> PERCENTILE_NAMES =
            List.of("p50", "p90", "p99", "p99.9", "max");

    private final List<Row> rows;

    FaultCharts(List<Row> rows) {
        this.rows = rows;
    }

    List<ReportCharts.Figure> figures() {
        List<ReportCharts.Figure> figures = new ArrayList<>();
        for (String kind : ReportCharts.values(rows, "kind")) {
            String name = kind.equals("cpu") ? "A CPU's fault" : "A device's fault";
            List<Row> own = ReportCharts.where(rows, "kind", kind);
            addPercentiles(figures, name, own);
            addSizes(figures, name, own);
            addParts(figures, name, own);
        }
        return figures;
    }

    private static void addPercentiles(
            List<ReportCharts.Figure> figures, String name, List<Row> rows) {
        List<Double> orders = ReportCharts.numbers(rows, "order");
        SvgLineChart chart = new SvgLineChart("Latency", "µs", PERCENTILE_NAMES, true);
        boolean isAny = false;
        for (int i = 0; i < orders.size(); i += Math.max(1, orders.size() - 1)) {
            Row row = ReportCharts.where(rows, "order", orders.get(i)).getFirst();
            String size = ReportCharts.folio(orders.get(i));
            if (row.inner("micros").has("p50")) {
                chart.add("fault on " + size, percentiles(row, "micros"));
                isAny = true;
            }
            if (row.inner("rawMicros").has("p50")) {
                chart.add("plain transfer of " + size, percentiles(row, "rawMicros"));
            }
        }
        if (isAny) {
            figures.add(new ReportCharts.Figure(name + ": latency by percentile", chart.svg()));
        }
    }

    private static double[] percentiles(Row row, String field) {
        return PERCENTILES.stream()
                .mapToDouble(percentile -> ReportCharts.inner(row, field, percentile))
                .toArray();
    }

    private static void addSizes(List<ReportCharts.Figure> figures, String name, List<Row> rows) {
        List<Double> orders = ReportCharts.numbers(rows, "order");
        if (orders.size() < 3) {
            return;
        }
        List<String> steps = orders.stream().map(ReportCharts::folio).toList();
        List<Row> each =
                orders.stream()
                        .map(order -> ReportCharts.where(rows, "order", order).getFirst())
                        .toList();
        figures.add(
                new ReportCharts.Figure(
                        name + ": latency by the size of the folio",
                        new SvgLineChart("Latency", "µs", steps, true)
                                .add("fault, p50", values(each, "micros", "p50"))
                                .add("fault, p99", values(each, "micros", "p99"))
                                .add("plain transfer, p50", values(each, "rawMicros", "median"))
                                .add(
                                        "outside of the copy engine, p50",
                                        values(each, "modelMicros", "median"))
                                .svg()));
    }

    private static double[] values(List<Row> rows, String field, String innerField) {
        return rows.stream()
                .mapToDouble(row -> ReportCharts.inner(row, field, innerField))
                .toArray();
    }

    private static void addParts(List<ReportCharts.Figure> figures, String name, List<Row> rows) {
        SvgStackedBars bars =
                new SvgStackedBars("Parts", "ns", "outside of the copy engine", "copy");
        for (Row row : rows) {
            double pages = 1L << (int) ReportCharts.number(row, "order");
            double model = ReportCharts.number(row, "modelMicros");
            double copy = ReportCharts.number(row, "micros") - model;
            if (Double.isFinite(copy) && copy >= 0) {
                bars.add(
                        ReportCharts.size(PageSize.PAGE_SIZE * pages),
                        1e3 * model / pages,
                        1e3 * copy / pages);
            }
        }
        if (!bars.isEmpty()) {
            figures.add(
                    new ReportCharts.Figure(name + ": where the time for 4 KiB goes", bars.svg()));
        }
    }
}
