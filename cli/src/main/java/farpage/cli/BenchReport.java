package farpage.cli;

import java.util.List;

/// What a benchmark found.
///
/// @param rows in the order of the report
/// @param columns of the table that people see
/// @param detail columns of a second one, about what does not fit; none if there is none
/// @param measured how it was measured, in a few words, for people
/// @param findings what follows from the rows, a line each, for people
record BenchReport(
        List<Row> rows,
        List<BenchColumn> columns,
        List<BenchColumn> detail,
        String measured,
        List<String> findings) {
    /// Keeps the lists as unmodifiable ones.
    BenchReport {
        rows = List.copyOf(rows);
        columns = List.copyOf(columns);
        detail = List.copyOf(detail);
        findings = List.copyOf(findings);
    }

    /// With one table.
    BenchReport(List<Row> rows, List<BenchColumn> columns, String measured, List<String> findings) {
        this(rows, columns, List.of(), measured, findings);
    }

    boolean hasFailures() {
        return rows.stream().anyMatch(row -> row.text("status").equals("failed"));
    }
}
