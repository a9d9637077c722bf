package farpage.emulator.experiment;

import java.util.List;

/// Figures of one kind.
///
/// @param name for programs: a word
/// @param title for people: what is measured, in which unit
/// @param columns in the order in which people see them
/// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
public record FindingTable(
        String name, String title, List<FindingColumn> columns, List<FindingRow> rows) {
    /// Keeps the lists as unmodifiable ones.
    ///
    /// @throws IllegalArgumentException if a row has a field without a column
    public FindingTable {
        columns = List.copyOf(columns);
        rows = List.copyOf(rows);
        for (FindingRow row : rows) {
            for (String field : row.values().keySet()) {
                if (!hasField(columns, field)) {
                    throw new IllegalArgumentException(
                            "field: value=" + field + ", limit=a column of " + name);
                }
            }
        }
    }

    private static boolean hasField(List<FindingColumn> columns, String field) {
        return columns.stream().anyMatch(column -> column.field().equals(field));
    }
}
