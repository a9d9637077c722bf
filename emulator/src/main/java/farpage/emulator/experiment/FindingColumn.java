package farpage.emulator.experiment;

/// A column of a table.
///
/// @param field its name for programs; several columns may show the same field
/// @param heading its name for people; empty if only programs get it
/// @kernel tools/testing/selftests/mm/hmm-tests.c: print_benchmark_results
public record FindingColumn(String field, String heading, FindingUnit unit) {
    /// A column that people see.
    public static FindingColumn of(String field, String heading, FindingUnit unit) {
        return new FindingColumn(field, heading, unit);
    }

    /// A column that only programs get.
    public static FindingColumn hidden(String field, FindingUnit unit) {
        return new FindingColumn(field, "", unit);
    }

    /// Whether people see it.
    public boolean isShown() {
        return !heading.isEmpty();
    }
}
