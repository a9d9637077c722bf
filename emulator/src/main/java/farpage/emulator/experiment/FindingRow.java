package farpage.emulator.experiment;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/// A row of a table while it is filled: values by the fields of the table's columns.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: struct benchmark_results
public final class FindingRow {
    private final String name;
    private final Optional<String> skipped;
    private final Map<String, FindingValue> values = new LinkedHashMap<>();

    private FindingRow(String name, Optional<String> skipped) {
        this.name = name;
        this.skipped = skipped;
    }

    /// A row of figures.
    ///
    /// @param name tells it from all other rows of the experiment, in every run alike
    public static FindingRow of(String name) {
        return new FindingRow(name, Optional.empty());
    }

    /// A row that has no figures here, with the reason.
    public static FindingRow skipped(String name, String reason) {
        return new FindingRow(name, Optional.of(reason));
    }

    public FindingRow put(String field, String text) {
        return put(field, new FindingValue.Text(text));
    }

    public FindingRow put(String field, boolean holds) {
        return put(field, new FindingValue.Truth(holds));
    }

    public FindingRow put(String field, long count) {
        return put(field, new FindingValue.Count(count));
    }

    /// A finite number.
    ///
    /// @throws IllegalArgumentException if it is not
    public FindingRow put(String field, double number) {
        return put(field, new FindingValue.Figure(number));
    }

    /// A distribution of times in nanoseconds; reports show microseconds.
    public FindingRow put(String field, Quantiles nanos) {
        return put(field, new FindingValue.Times(nanos));
    }

    /// Numbers with names of their own.
    public FindingRow put(String field, Map<String, Double> parts) {
        return put(field, new FindingValue.Parts(parts));
    }

    private FindingRow put(String field, FindingValue value) {
        values.put(field, value);
        return this;
    }

    public String name() {
        return name;
    }

    /// Why there are no figures.
    public Optional<String> skipped() {
        return skipped;
    }

    /// Values by field, in the order in which they were put.
    public Map<String, FindingValue> values() {
        return Collections.unmodifiableMap(values);
    }
}
