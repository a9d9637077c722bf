package farpage.cli;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.FolioPath;
import farpage.emulator.experiment.LargeFolioResult;
import farpage.emulator.experiment.MoveCost;
import farpage.emulator.experiment.MoveUnit;
import farpage.mm.PageSize;
import java.io.PrintStream;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/// What `experiment large-folios` found, as one HTML page: it needs nothing but itself, and is made
/// for a phone, a screen, light or dark, and paper.
final class LargeFolioPage {
    private final LargeFolioReport report;
    private final LargeFolioResult result;
    private final List<String> steps;

    LargeFolioPage(LargeFolioReport report) {
        this.report = report;
        this.result = report.result();
        this.steps =
                result.plan().orders().stream()
                        .map(order -> SizeConverter.format(PageSize.pageAddress(1L << order)))
                        .toList();
    }

    void print(PrintStream out) {
        HtmlPage.begin(out, "Farpage: large folios");
        printSetting(out);
        LargeFolioReading reading = new LargeFolioReading(result);
        out.print("<h2>What was found</h2>\n");
        HtmlPage.list(out, reading.findings());
        for (Direction direction : Direction.values()) {
            printDirection(out, direction);
        }
        out.print("<h2>What does not carry over to real hardware</h2>\n");
        HtmlPage.list(
                out, reading.limits(report.context().text("unifiedHostMemory").equals("true")));
        HtmlPage.end(out);
    }

    private void printSetting(PrintStream out) {
        Row context = report.context();
        out.print("<h1>%s</h1>\n<dl>\n".formatted(escaped(report.experiment().question())));
        HtmlPage.term(out, "Linux 7.0", report.experiment().today());
        HtmlPage.term(out, "Here", report.experiment().design());
        HtmlPage.term(
                out,
                "Device",
                "%s, %s, driver %s, through %s"
                        .formatted(
                                context.text("device"),
                                context.text("platform"),
                                context.text("driver"),
                                context.text("binding")));
        HtmlPage.term(
                out,
                "Host",
                "%s processors, %s, %s"
                        .formatted(
                                context.text("processors"),
                                context.text("os"),
                                context.text("jvm")));
        HtmlPage.term(
                out,
                "Measured",
                "%s of anonymous memory, %d runs after %d to warm up, medians, seed %s; all data"
                                .formatted(
                                        SizeConverter.format(result.plan().bytes()),
                                        result.plan().runs(),
                                        result.plan().warmUpRuns(),
                                        context.text("seed"))
                        + " were compared. Farpage "
                        + context.text("version"));
        out.print("</dl>\n");
    }

    private void printDirection(PrintStream out, Direction direction) {
        String name = LargeFolioReading.name(direction);
        out.print("<h2>%s</h2>\n".formatted(name));
        HtmlPage.figure(
                out, "Bookkeeping for 2 MiB, by the size of the folios", bookkeeping(direction));
        HtmlPage.figure(out, "2 MiB in one command: bookkeeping and copy", parts(direction));
        HtmlPage.figure(
                out,
                SizeConverter.format(result.plan().bytes()) + " in one command",
                rates(direction));
        HtmlPage.figure(
                out,
                switch (direction) {
                    case TO_DEVICE -> "A device's fault on one folio";
                    case TO_SYSTEM -> "A CPU's fault on one folio";
                },
                faults(direction));
        printTable(out, direction);
    }

    private String bookkeeping(Direction direction) {
        return chart("Bookkeeping for 2 MiB", "µs", true)
                .add(
                        "moved whole",
                        values(MoveUnit.BLOCK, FolioPath.WHOLE, direction, LargeFolioPage::micros))
                .add(
                        "split",
                        values(MoveUnit.BLOCK, FolioPath.SPLIT, direction, LargeFolioPage::micros))
                .add("goal for a folio of 2 MiB", constant(LargeFolioReading.GOAL_MICROS))
                .svg();
    }

    private static double micros(MoveCost cost) {
        return cost.bookkeepingNanos() / 1e3;
    }

    private String parts(Direction direction) {
        SvgStackedBars bars =
                new SvgStackedBars("Bookkeeping and copy", "µs", "bookkeeping", "copy");
        for (MoveCost cost : result.costs(MoveUnit.BLOCK, direction)) {
            bars.add(
                    LargeFolioText.label(cost),
                    cost.bookkeepingNanos() / 1e3,
                    cost.copyNanos() / 1e3);
        }
        return bars.svg();
    }

    private String rates(Direction direction) {
        return chart("Throughput", "GB/s", false)
                .add(
                        "moved whole",
                        values(MoveUnit.RANGE, FolioPath.WHOLE, direction, MoveCost::gbps))
                .add("split", values(MoveUnit.RANGE, FolioPath.SPLIT, direction, MoveCost::gbps))
                .add(
                        "one plain transfer",
                        values(MoveUnit.RANGE, FolioPath.WHOLE, direction, MoveCost::rawGbps))
                .svg();
    }

    private String faults(Direction direction) {
        return chart("Fault latency", "µs", true)
                .add(
                        "median",
                        values(
                                MoveUnit.FAULT,
                                FolioPath.WHOLE,
                                direction,
                                cost -> cost.nanos().median() / 1e3))
                .add(
                        "99 of 100",
                        values(
                                MoveUnit.FAULT,
                                FolioPath.WHOLE,
                                direction,
                                cost -> cost.nanos().p99() / 1e3))
                .add(
                        "plain transfer of as much",
                        values(
                                MoveUnit.FAULT,
                                FolioPath.WHOLE,
                                direction,
                                cost -> cost.rawNanos() / 1e3))
                .add(
                        "split, median",
                        values(
                                MoveUnit.FAULT,
                                FolioPath.SPLIT,
                                direction,
                                cost -> cost.nanos().median() / 1e3))
                .svg();
    }

    private SvgLineChart chart(String title, String unit, boolean isLogarithmic) {
        return new SvgLineChart(title, unit, steps, isLogarithmic);
    }

    private double[] constant(double value) {
        return steps.stream().mapToDouble(step -> value).toArray();
    }

    /// A value an order; base pages are never split.
    private double[] values(
            MoveUnit unit, FolioPath path, Direction direction, ToDoubleFunction<MoveCost> value) {
        return result.plan().orders().stream()
                .mapToDouble(order ->
                        order == 0 && path == FolioPath.SPLIT
                                ? Double.NaN
                                : value.applyAsDouble(result.cost(unit, order, path, direction)))
                .toArray();
    }

    private void printTable(PrintStream out, Direction direction) {
        out.print(
                """
                <div class="wide"><table>
                <thead><tr><th>folio</th><th>bookkeeping, µs</th><th>copy, µs</th><th>share</th>\
                <th>GB/s</th><th>plain</th><th>fault p50, µs</th><th>p90</th><th>p99</th></tr></thead>
                <tbody>
                """);
        for (MoveCost block : result.costs(MoveUnit.BLOCK, direction)) {
            MoveCost range = result.cost(MoveUnit.RANGE, block.order(), block.path(), direction);
            MoveCost fault = result.cost(MoveUnit.FAULT, block.order(), block.path(), direction);
            out.print(
                    String.format(
                            Locale.ROOT,
                            "<tr><td>%s</td><td>%.1f</td><td>%.1f</td><td>%.0f %%</td><td>%.2f</td>"
                                    + "<td>%.2f</td><td>%.1f</td><td>%.1f</td><td>%.1f</td></tr>%n",
                            escaped(LargeFolioText.label(block)),
                            block.bookkeepingNanos() / 1e3,
                            block.copyNanos() / 1e3,
                            100 * block.bookkeepingShare(),
                            range.gbps(),
                            range.rawGbps(),
                            fault.nanos().median() / 1e3,
                            fault.nanos().p90() / 1e3,
                            fault.nanos().p99() / 1e3));
        }
        out.print("</tbody></table></div>\n");
    }

    private static String escaped(String text) {
        return SvgText.escaped(text);
    }
}
