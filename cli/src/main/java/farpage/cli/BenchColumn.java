package farpage.cli;

import java.util.Locale;
import java.util.OptionalDouble;
import java.util.function.Function;

/// A column of a benchmark's table.
///
/// @param title above it
/// @param isText texts begin at the left, numbers end at the right
/// @param cell what a row has there; an empty text if nothing
record BenchColumn(String title, boolean isText, Function<Row, String> cell) {
    /// A field as it is.
    static BenchColumn text(String title, String field) {
        return new BenchColumn(title, true, row -> row.text(field));
    }

    /// A whole number.
    static BenchColumn count(String title, String field) {
        return new BenchColumn(title, false, row -> row.text(field));
    }

    /// A size in bytes.
    static BenchColumn size(String title, String field) {
        return new BenchColumn(
                title,
                false,
                row ->
                        row.figure(field).isEmpty()
                                ? ""
                                : SizeConverter.format((long) row.figure(field).getAsDouble()));
    }

    /// A number, or the median of several values.
    static BenchColumn number(String title, int decimals, String field) {
        return computed(title, decimals, row -> row.figure(field));
    }

    /// A number out of a row within the row.
    static BenchColumn inner(String title, int decimals, String field, String innerField) {
        return computed(title, decimals, row -> row.inner(field).figure(innerField));
    }

    /// A number that is made of others.
    static BenchColumn computed(String title, int decimals, Function<Row, OptionalDouble> number) {
        return new BenchColumn(
                title,
                false,
                row -> {
                    OptionalDouble value = number.apply(row);
                    return value.isEmpty()
                            ? ""
                            : String.format(
                                    Locale.ROOT, "%." + decimals + "f", value.getAsDouble());
                });
    }
}
