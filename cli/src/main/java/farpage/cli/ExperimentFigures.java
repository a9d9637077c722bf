package farpage.cli;

import farpage.emulator.experiment.FindingChart;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/// The charts of experiments, out of their rows.
final class ExperimentFigures {
    private ExperimentFigures() {}

    /// Those of all experiments that the rows are of.
    static List<ReportCharts.Figure> of(List<Row> rows) {
        List<ReportCharts.Figure> figures = new ArrayList<>();
        for (String name : ReportCharts.values(rows, "experiment")) {
            List<Row> own = ReportCharts.where(rows, "experiment", name);
            Experiments.find(name)
                    .ifPresent(experiment -> figures.addAll(of(experiment.charts(), own)));
        }
        return figures;
    }

    /// A figure for each chart that has something to draw.
    static List<ReportCharts.Figure> of(List<FindingChart> charts, List<Row> rows) {
        List<ReportCharts.Figure> figures = new ArrayList<>();
        for (FindingChart chart : charts) {
            List<Row> own = where(ReportCharts.where(rows, "table", chart.table()), chart.where());
            switch (chart.kind()) {
                case LINES -> addLines(figures, chart, own, false);
                case LINES_OVER_BYTES -> addLines(figures, chart, own, true);
                case BARS -> addBars(figures, chart, own);
            }
        }
        return figures;
    }

    private static List<Row> where(List<Row> rows, Map<String, String> conditions) {
        return ReportCharts.where(
                rows,
                row ->
                        conditions.entrySet().stream()
                                .allMatch(each -> row.text(each.getKey()).equals(each.getValue())));
    }

    private static void addLines(
            List<ReportCharts.Figure> figures,
            FindingChart chart,
            List<Row> rows,
            boolean areBytes) {
        ReportCharts.Lines lines =
                new ReportCharts.Lines(chart.caption(), chart.unit(), chart.axis(), areBytes);
        for (FindingChart.Series series : chart.series()) {
            lines.add(series.name(), where(rows, series.where()), series.field());
        }
        lines.addTo(figures, chart.caption());
    }

    private static void addBars(
            List<ReportCharts.Figure> figures, FindingChart chart, List<Row> rows) {
        SvgStackedBars bars =
                new SvgStackedBars(
                        chart.caption(),
                        chart.unit(),
                        chart.series().stream()
                                .map(FindingChart.Series::name)
                                .toArray(String[]::new));
        for (Row row : rows) {
            double[] parts =
                    chart.series().stream().mapToDouble(each -> part(row, each.field())).toArray();
            boolean isWhole = true;
            for (double part : parts) {
                isWhole &= Double.isFinite(part);
            }
            if (isWhole) {
                bars.add(row.text(chart.axis()), parts);
            }
        }
        if (!bars.isEmpty()) {
            figures.add(new ReportCharts.Figure(chart.caption(), bars.svg()));
        }
    }

    private static double part(Row row, String field) {
        int dot = field.indexOf('.');
        return dot < 0
                ? ReportCharts.number(row, field)
                : ReportCharts.inner(row, field.substring(0, dot), field.substring(dot + 1));
    }
}
