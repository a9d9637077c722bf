package farpage.cli;

import java.io.PrintStream;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/// All fields of rows as a table. A field within a field is a column of its own; a row that is not
/// as it should be says why.
final class ReportTable {
    /// What stands elsewhere, or is the same as another column.
    private static final Set<String> HIDDEN =
            Set.of(
                    "schema",
                    "bench",
                    "status",
                    "reason",
                    "name",
                    "median",
                    "experiment",
                    "verified");

    private static final MathContext DIGITS = new MathContext(4);

    private final List<Row> rows;
    private final Set<List<String>> columns = new LinkedHashSet<>();

    ReportTable(List<Row> rows) {
        this.rows = List.copyOf(rows);
        for (Row row : rows) {
            for (Map.Entry<String, Object> field : row.values().entrySet()) {
                addColumns(field.getKey(), field.getValue());
            }
        }
        if (columns.isEmpty()) {
            columns.add(List.of("name"));
        }
    }

    private void addColumns(String name, Object value) {
        if (HIDDEN.contains(name)) {
            return;
        }
        if (!(value instanceof Row inner)) {
            columns.add(List.of(name));
            return;
        }
        if (inner.has("median") && !inner.has("p50")) {
            columns.add(List.of(name, "median"));
        }
        for (String innerName : inner.values().keySet()) {
            if (!HIDDEN.contains(innerName)) {
                columns.add(List.of(name, innerName));
            }
        }
    }

    void print(PrintStream out) {
        boolean areAllFine = rows.stream().allMatch(row -> row.text("status").equals("ok"));
        out.print("<div class=\"wide\"><table>\n<thead><tr>");
        for (List<String> column : columns) {
            cell(out, "th", isText(column), title(column));
        }
        out.print(areAllFine ? "" : "<th class=\"text\">status</th>");
        out.print("</tr></thead>\n<tbody>\n");
        for (Row row : rows) {
            String status = row.text("status");
            out.print(
                    "<tr%s>"
                            .formatted(
                                    status.equals("ok") ? "" : " class=\"" + word(status) + "\""));
            for (List<String> column : columns) {
                cell(out, "td", isText(column), text(row, column));
            }
            if (!areAllFine) {
                out.print(
                        "<td class=\"reason\">%s</td>"
                                .formatted(
                                        SvgText.escaped(
                                                row.has("reason")
                                                        ? status + ": " + row.text("reason")
                                                        : status)));
            }
            out.print("</tr>\n");
        }
        out.print("</tbody></table></div>\n");
    }

    /// A class of the style sheet.
    private static String word(String status) {
        return status.equals("failed") ? "failed" : "skipped";
    }

    private static void cell(PrintStream out, String element, boolean isText, String text) {
        out.print(
                "<%s%s>%s</%s>"
                        .formatted(
                                element,
                                isText ? " class=\"text\"" : "",
                                SvgText.escaped(text),
                                element));
    }

    private static String title(List<String> column) {
        return String.join(" ", column).replace(" median", "");
    }

    private boolean isText(List<String> column) {
        return rows.stream()
                .map(row -> value(row, column))
                .noneMatch(value -> value instanceof Number || value instanceof Boolean);
    }

    private static Object value(Row row, List<String> column) {
        Row at = row;
        for (String name : column.subList(0, column.size() - 1)) {
            at = at.inner(name);
        }
        return at.values().getOrDefault(column.getLast(), "");
    }

    private static String text(Row row, List<String> column) {
        Object value = value(row, column);
        return switch (value) {
            case Number number when isBytes(column.getLast()) && number.longValue() > 0 ->
                    SizeConverter.format(number.longValue());
            case Long whole -> String.format(Locale.ROOT, "%d", whole);
            case Double decimal -> new BigDecimal(decimal).round(DIGITS).toPlainString();
            case List<?> list -> String.join(", ", list.stream().map(Object::toString).toList());
            default -> value.toString();
        };
    }

    private static boolean isBytes(String name) {
        return name.equals("bytes") || name.endsWith("Bytes");
    }
}
