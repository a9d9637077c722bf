package farpage.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/// The Test Anything Protocol, version 13, in the way of the kernel's selftests: the plan first, a
/// line a result, the totals last.
final class TapOutput implements RowOutput {
    private final PrintStream out;
    private final List<Row> rows = new ArrayList<>();

    TapOutput(PrintStream out) {
        this.out = out;
    }

    @Override
    public void context(Row context) {
        out.print("TAP version 13\n");
        context.values()
                .forEach((name, value) -> out.print("# " + name + ": " + shown(value) + "\n"));
    }

    private static Object shown(Object value) {
        return value instanceof Row row ? row.values() : value;
    }

    @Override
    public void row(Row row) {
        rows.add(row);
    }

    @Override
    public void end() {
        out.print("1.." + rows.size() + "\n");
        int passed = 0;
        int failed = 0;
        int skipped = 0;
        for (Row row : rows) {
            int number = passed + failed + skipped + 1;
            String name = row.text("name").isEmpty() ? row.text("bench") : row.text("name");
            switch (row.text("status")) {
                case "ok" -> {
                    passed++;
                    out.print("ok " + number + " " + name + "\n");
                }
                case "skipped" -> {
                    skipped++;
                    out.print("ok " + number + " " + name + " # SKIP " + row.text("reason") + "\n");
                }
                default -> {
                    failed++;
                    out.print("# " + row.text("reason").replace("\n", "\n# ") + "\n");
                    out.print("not ok " + number + " " + name + "\n");
                }
            }
        }
        out.printf(
                "# Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0%n",
                passed, failed, skipped);
        out.flush();
    }
}
