package farpage.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;

/// Comma-separated values with a line of names, as RFC 4180 has them.
///
/// The names are those of all rows, so rows are kept until the end. Rows within rows become names
/// with a dot; lists become one value with blanks between. The context is one comment line a value.
final class CsvOutput implements RowOutput {
    private final PrintStream out;
    private final List<Map<String, String>> rows = new ArrayList<>();

    CsvOutput(PrintStream out) {
        this.out = out;
    }

    @Override
    public void context(Row context) {
        flatten("", context, new LinkedHashMap<>())
                .forEach((name, value) -> out.print("# " + name + ": " + value + "\n"));
    }

    @Override
    public void row(Row row) {
        rows.add(flatten("", row, new LinkedHashMap<>()));
    }

    @Override
    public void end() {
        Map<String, String> names = new LinkedHashMap<>();
        for (Map<String, String> row : rows) {
            row.keySet().forEach(name -> names.put(name, ""));
        }
        printLine(List.copyOf(names.keySet()));
        for (Map<String, String> row : rows) {
            printLine(
                    names.keySet().stream()
                            .map(name -> Objects.requireNonNull(row.getOrDefault(name, "")))
                            .toList());
        }
        out.flush();
    }

    private static Map<String, String> flatten(String prefix, Row row, Map<String, String> flat) {
        row.values()
                .forEach((name, value) -> {
                    switch (value) {
                        case Row inner -> flatten(prefix + name + ".", inner, flat);
                        case List<?> list ->
                                flat.put(
                                        prefix + name,
                                        list.stream()
                                                .map(Object::toString)
                                                .collect(Collectors.joining(" ")));
                        default -> flat.put(prefix + name, value.toString());
                    }
                });
        return flat;
    }

    private void printLine(List<String> values) {
        out.print(values.stream().map(CsvOutput::quoted).collect(Collectors.joining(",")));
        out.print('\n');
    }

    private static String quoted(String value) {
        boolean isPlain =
                value.chars().noneMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r');
        return isPlain ? value : '"' + value.replace("\"", "\"\"") + '"';
    }
}
