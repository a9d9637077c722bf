package farpage.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// One result as named values in their order: a line of JSON or CSV, a test point of TAP.
///
/// Values are texts, whole numbers, finite decimal numbers, truth values, lists of these, and rows.
final class Row {
    /// The version of the fields' meaning.
    static final String SCHEMA = "farpage.bench/1";

    private final Map<String, Object> values = new LinkedHashMap<>();

    /// A row without the fields that every result has: the context, or a value within a row.
    Row() {}

    /// A result that is as it should be.
    static Row ok(String bench) {
        return of(bench, "ok");
    }

    /// A result that is not there, with the reason.
    static Row skipped(String bench, String reason) {
        return of(bench, "skipped").put("reason", reason);
    }

    /// A result that is not as it should be, with the reason.
    static Row failed(String bench, String reason) {
        return of(bench, "failed").put("reason", reason);
    }

    private static Row of(String bench, String status) {
        return new Row().put("schema", SCHEMA).put("bench", bench).put("status", status);
    }

    Row put(String name, String value) {
        values.put(name, value);
        return this;
    }

    Row put(String name, long value) {
        values.put(name, value);
        return this;
    }

    Row put(String name, double value) {
        if (!Double.isFinite(value)) {
            throw new IllegalArgumentException(name + ": value=" + value + ", limit=finite");
        }
        values.put(name, value);
        return this;
    }

    Row put(String name, boolean value) {
        values.put(name, value);
        return this;
    }

    Row put(String name, List<String> value) {
        values.put(name, List.copyOf(value));
        return this;
    }

    Row put(String name, Row value) {
        values.put(name, value);
        return this;
    }

    /// Names and values in order.
    Map<String, Object> values() {
        return values;
    }

    /// A text value, or an empty text when there is none.
    String text(String name) {
        return values.getOrDefault(name, "").toString();
    }
}
