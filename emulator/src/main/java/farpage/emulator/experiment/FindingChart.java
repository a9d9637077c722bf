package farpage.emulator.experiment;

import java.util.List;
import java.util.Map;

/// A picture of a table's rows.
///
/// @param table its name
/// @param unit of what is drawn
/// @param axis the field that tells the steps apart, or names the bars
/// @param where rows have these texts in these fields
/// @param series what is drawn: a line each, or a part of each bar
/// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
public record FindingChart(
        Kind kind,
        String caption,
        String table,
        String unit,
        String axis,
        Map<String, String> where,
        List<Series> series) {
    /// How rows are drawn.
    ///
    /// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
    public enum Kind {
        /// Lines over numbers.
        LINES,
        /// Lines over sizes in bytes.
        LINES_OVER_BYTES,
        /// A bar for each row, made of parts.
        BARS
    }

    /// A line, or a part of the bars.
    ///
    /// @param field that is drawn; of a distribution its median, and a part of a field with parts
    ///   as `field.part`
    /// @param where only of rows that have these texts in these fields; no use for bars
    /// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
    public record Series(String name, String field, Map<String, String> where) {
        /// Keeps the conditions as an unmodifiable map.
        public Series {
            where = Map.copyOf(where);
        }

        /// Of all rows.
        public static Series of(String name, String field) {
            return new Series(name, field, Map.of());
        }

        /// Of the rows with a text in a field.
        public static Series where(String name, String field, String whereField, String text) {
            return new Series(name, field, Map.of(whereField, text));
        }
    }

    /// Keeps the conditions and series as unmodifiable ones.
    public FindingChart {
        where = Map.copyOf(where);
        series = List.copyOf(series);
    }
}
