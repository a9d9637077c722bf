package farpage.cli;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/// The charts of a run's rows. Only what was measured and right is drawn.
final class ReportCharts {
    /// A picture and what it shows.
    ///
    /// @param svg the picture
    record Figure(String caption, String svg) {}

    private ReportCharts() {}

    static List<Figure> of(List<Row> rows) {
        List<Row> fine = rows.stream().filter(row -> row.text("status").equals("ok")).toList();
        List<Figure> figures = new ArrayList<>();
        figures.addAll(new CopyCharts(of(fine, "copy")).figures());
        figures.addAll(new MigrateCharts(of(fine, "migrate")).figures());
        figures.addAll(new FaultCharts(of(fine, "fault")).figures());
        figures.addAll(MetadataCharts.figures(of(fine, "metadata")));
        figures.addAll(ExperimentFigures.of(of(fine, "experiment")));
        return figures;
    }

    private static List<Row> of(List<Row> rows, String bench) {
        return rows.stream().filter(row -> row.text("bench").equals(bench)).toList();
    }

    /// The values that a field has in rows, each once, in their order.
    static List<String> values(List<Row> rows, String field) {
        return rows.stream()
                .filter(row -> row.has(field))
                .map(row -> row.text(field))
                .distinct()
                .toList();
    }

    /// The numbers that a field has in rows, each once, ascending.
    static List<Double> numbers(List<Row> rows, String field) {
        return rows.stream()
                .filter(row -> row.figure(field).isPresent())
                .map(row -> row.figure(field).getAsDouble())
                .distinct()
                .sorted(Comparator.naturalOrder())
                .toList();
    }

    static List<Row> where(List<Row> rows, Predicate<Row> condition) {
        return rows.stream().filter(condition).toList();
    }

    static List<Row> where(List<Row> rows, String field, String value) {
        return where(rows, row -> row.text(field).equals(value));
    }

    static List<Row> where(List<Row> rows, String field, double value) {
        return where(rows, row -> number(row, field) == value);
    }

    /// A number, or the median of several; NaN if there is none.
    static double number(Row row, String field) {
        return row.figure(field).orElse(Double.NaN);
    }

    /// The size of a folio or a transfer, for people.
    static String size(double bytes) {
        return SizeConverter.format((long) bytes);
    }

    static String folio(double order) {
        return size((double) (4096L << (int) order));
    }

    /// Lines over the values of a field, each of rows with different values.
    static final class Lines {
        private final String title;
        private final String unit;
        private final String field;
        private final boolean areBytes;
        private final List<Series> series = new ArrayList<>();

        private record Series(String name, List<Row> rows, String value) {}

        /// @param field that tells the steps apart
        /// @param areBytes whether it is a size
        Lines(String title, String unit, String field, boolean areBytes) {
            this.title = title;
            this.unit = unit;
            this.field = field;
            this.areBytes = areBytes;
        }

        /// Adds a line, unless no row has the value, or there are too many lines.
        ///
        /// @param value the field that is drawn
        Lines add(String name, List<Row> rows, String value) {
            List<Row> drawn = where(rows, row -> row.figure(value).isPresent());
            if (!drawn.isEmpty() && series.size() < SvgLineChart.SERIES_MAX) {
                series.add(new Series(name, drawn, value));
            }
            return this;
        }

        /// Adds the figure if there is a line with two points at least.
        void addTo(List<Figure> figures, String caption) {
            List<Row> all = series.stream().flatMap(each -> each.rows().stream()).toList();
            List<Double> steps = numbers(all, field);
            if (steps.size() < 2) {
                return;
            }
            SvgLineChart chart =
                    new SvgLineChart(title, unit, steps.stream().map(this::label).toList(), false);
            for (Series each : series) {
                chart.add(each.name(), values(each, steps));
            }
            figures.add(new Figure(caption, chart.svg()));
        }

        private String label(Double step) {
            return areBytes ? size(step) : SvgText.number(step);
        }

        private double[] values(Series each, List<Double> steps) {
            return steps.stream()
                    .mapToDouble(step ->
                            each.rows().stream()
                                    .filter(row -> number(row, field) == step)
                                    .mapToDouble(row -> number(row, each.value()))
                                    .findFirst()
                                    .orElse(Double.NaN))
                    .toArray();
        }
    }

    /// A number of a row within a row; NaN if there is none.
    static double inner(Row row, String field, String innerField) {
        return Objects.requireNonNull(row.inner(field)).figure(innerField).orElse(Double.NaN);
    }
}
