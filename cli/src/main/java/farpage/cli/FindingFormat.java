package farpage.cli;

import farpage.emulator.experiment.FindingColumn;
import farpage.emulator.experiment.FindingRow;
import farpage.emulator.experiment.FindingUnit;
import farpage.emulator.experiment.FindingValue;
import farpage.emulator.experiment.Quantiles;
import java.util.Locale;
import java.util.Map;

/// Values of an experiment's tables, for people and for programs.
final class FindingFormat {
    private static final double MICRO = 1e3;
    private static final double PERCENT = 100;

    /// From here on decimals say nothing.
    private static final double ROUND_FROM = 1000;

    private FindingFormat() {}

    /// A row for programs.
    static Row row(String experiment, String table, FindingRow finding) {
        Row row =
                finding.skipped()
                        .map(reason -> Row.skipped("experiment", reason))
                        .orElseGet(() -> Row.ok("experiment"))
                        .put("name", finding.name())
                        .put("experiment", experiment)
                        .put("table", table);
        finding.values().forEach((field, value) -> put(row, field, value));
        return finding.skipped().isEmpty() ? row.put("verified", true) : row;
    }

    private static void put(Row row, String field, FindingValue value) {
        switch (value) {
            case FindingValue.Text text -> row.put(field, text.text());
            case FindingValue.Truth truth -> row.put(field, truth.holds());
            case FindingValue.Count count -> row.put(field, count.count());
            case FindingValue.Figure figure -> row.put(field, figure.number());
            case FindingValue.Times times -> row.put(field, micros(times.nanos()));
            case FindingValue.Parts parts -> row.put(field, parts(parts.parts()));
        }
    }

    private static Row micros(Quantiles nanos) {
        return new Row()
                .put("median", nanos.median() / MICRO)
                .put("p50", nanos.median() / MICRO)
                .put("p90", nanos.p90() / MICRO)
                .put("p99", nanos.p99() / MICRO)
                .put("p999", nanos.p999() / MICRO)
                .put("max", nanos.max() / MICRO)
                .put("reps", nanos.reps());
    }

    private static Row parts(Map<String, Double> parts) {
        Row row = new Row();
        parts.forEach(row::put);
        return row;
    }

    /// A cell for people; empty if the row has no such value.
    static String cell(FindingColumn column, FindingRow row) {
        return switch (row.values().get(column.field())) {
            case null -> "";
            case FindingValue.Text text -> text.text();
            case FindingValue.Truth truth -> truth.holds() ? "yes" : "no";
            case FindingValue.Count count ->
                    column.unit() == FindingUnit.BYTES
                            ? SizeConverter.format(count.count())
                            : number(column.unit(), (double) count.count(), "%.0f");
            case FindingValue.Figure figure -> number(column.unit(), figure.number(), "%.2f");
            case FindingValue.Times times ->
                    number(column.unit(), quantile(column.unit(), times.nanos()) / MICRO, "%.1f");
            case FindingValue.Parts parts -> String.join(", ", parts.parts().keySet());
        };
    }

    private static long quantile(FindingUnit unit, Quantiles nanos) {
        return switch (unit) {
            case MICROS_P90 -> nanos.p90();
            case MICROS_P99 -> nanos.p99();
            case MICROS_MAX -> nanos.max();
            default -> nanos.median();
        };
    }

    private static String number(FindingUnit unit, double number, String plain) {
        return switch (unit) {
            case SHARE -> String.format(Locale.ROOT, "%.0f %%", PERCENT * number);
            case MICROS, MICROS_P90, MICROS_P99, MICROS_MAX ->
                    String.format(Locale.ROOT, number < ROUND_FROM ? "%.1f" : "%.0f", number);
            case GBPS, RATIO -> String.format(Locale.ROOT, "%.2f", number);
            case TEXT, COUNT, BYTES, NUMBER -> String.format(Locale.ROOT, plain, number);
        };
    }
}
