package farpage.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

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

    /// Whether there is a value of a name.
    boolean has(String name) {
        return values.containsKey(name);
    }

    /// A text value, or an empty text when there is none.
    String text(String name) {
        return values.getOrDefault(name, "").toString();
    }

    /// The row within this one, or an empty one.
    Row inner(String name) {
        return values.get(name) instanceof Row row ? row : new Row();
    }

    /// A number, or the median where the value is a row that has one.
    OptionalDouble figure(String name) {
        return switch (values.get(name)) {
            case Number number -> OptionalDouble.of(number.doubleValue());
            case Row row when row.has("median") -> row.figure("median");
            case null, default -> OptionalDouble.empty();
        };
    }

    /// Makes an ok row one that is not as it should be.
    Row fail(String reason) {
        Map<String, Object> rest = new LinkedHashMap<>(values);
        values.clear();
        rest.forEach((name, value) -> {
            values.put(name, name.equals("status") ? "failed" : value);
            if (name.equals("status")) {
                values.put("reason", reason);
            }
        });
        return this;
    }
}
