package farpage.cli;

import farpage.emulator.experiment.Direction;
import farpage.emulator.experiment.FolioPath;
import farpage.emulator.experiment.LargeFolioPlan;
import farpage.emulator.experiment.LargeFolioResult;
import farpage.emulator.experiment.MoveCost;
import farpage.emulator.experiment.MoveUnit;
import farpage.mm.migrate.MigratePhase;
import java.io.PrintStream;
import java.util.Locale;

/// What `experiment large-folios` found, for people: what was asked, the tables, a short reading.
final class LargeFolioText {
    private static final int WIDTH = 98;
    private static final String INDENT = " ".repeat(13);

    private final LargeFolioReport report;
    private final LargeFolioResult result;

    LargeFolioText(LargeFolioReport report) {
        this.report = report;
        this.result = report.result();
    }

    void print(PrintStream out) {
        LargeFolioPlan plan = result.plan();
        Row context = report.context();
        line(out, "experiment", report.experiment().label() + ", seed " + context.text("seed"));
        line(out, "question", report.experiment().question());
        line(out, "Linux 7.0", report.experiment().today());
        line(out, "here", report.experiment().design());
        line(out, "device", context.text("device") + ", through " + context.text("binding"));
        line(
                out,
                "measured",
                "%s of anonymous memory, %d runs after %d to warm up; medians; all data compared"
                        .formatted(
                                SizeConverter.format(plan.bytes()),
                                plan.runs(),
                                plan.warmUpRuns()));
        for (Direction direction : Direction.values()) {
            printBlocks(out, direction);
        }
        printRanges(out);
        for (Direction direction : Direction.values()) {
            printFaults(out, direction);
        }
        out.print("\n");
        LargeFolioReading reading = new LargeFolioReading(result);
        reading.findings().forEach(finding -> line(out, "found", finding));
        boolean isUnified = context.text("unifiedHostMemory").equals("true");
        reading.limits(isUnified).forEach(limit -> line(out, "not shown", limit));
    }

    /// A name and a text, broken between words.
    private static void line(PrintStream out, String name, String text) {
        StringBuilder line = new StringBuilder("%-12s".formatted(name));
        for (String word : text.split(" ", -1)) {
            if (line.length() + 1 + word.length() > WIDTH) {
                out.print(line + "\n");
                line = new StringBuilder(INDENT.substring(1));
            }
            line.append(' ').append(word);
        }
        out.print(line + "\n");
    }

    private void printBlocks(PrintStream out, Direction direction) {
        out.print(
                ("\n%s, 2 MiB in one command, µs: bookkeeping is all but the copy, share its part of"
                                + " the whole\n")
                        .formatted(LargeFolioReading.name(direction)));
        out.print(
                "folio             collect unmap alloc pages finish  book   copy  share  all   GB/s"
                        + " plain\n");
        for (MoveCost cost : result.costs(MoveUnit.BLOCK, direction)) {
            out.print(
                    String.format(
                            Locale.ROOT,
                            "%-17s %7.1f %5.1f %5.1f %5.1f %6.1f %5.1f %6.1f %4.0f %% %6.1f %5.2f %5.2f%n",
                            label(cost),
                            phase(cost, MigratePhase.COLLECT),
                            phase(cost, MigratePhase.UNMAP),
                            phase(cost, MigratePhase.ALLOCATE),
                            phase(cost, MigratePhase.PAGES),
                            phase(cost, MigratePhase.FINISH),
                            cost.bookkeepingNanos() / 1e3,
                            cost.copyNanos() / 1e3,
                            100 * cost.bookkeepingShare(),
                            cost.nanos().median() / 1e3,
                            cost.gbps(),
                            cost.rawGbps()));
        }
    }

    private static double phase(MoveCost cost, MigratePhase phase) {
        return cost.phaseNanos().getOrDefault(phase, 0L) / 1e3;
    }

    static String label(MoveCost cost) {
        String size = SizeConverter.format(cost.folioBytes());
        return cost.path() == FolioPath.SPLIT ? size + ", split" : size;
    }

    private void printRanges(PrintStream out) {
        out.print(
                "\n%s in one command, GB/s beside one plain transfer of as much\n"
                        .formatted(SizeConverter.format(result.plan().bytes())));
        out.print("folio              to device  plain  ratio    to system  plain  ratio\n");
        for (MoveCost to : result.costs(MoveUnit.RANGE, Direction.TO_DEVICE)) {
            MoveCost back = result.cost(MoveUnit.RANGE, to.order(), to.path(), Direction.TO_SYSTEM);
            out.print(
                    String.format(
                            Locale.ROOT,
                            "%-17s %10.2f %6.2f %6.2f %12.2f %6.2f %6.2f%n",
                            label(to),
                            to.gbps(),
                            to.rawGbps(),
                            to.gbps() / to.rawGbps(),
                            back.gbps(),
                            back.rawGbps(),
                            back.gbps() / back.rawGbps()));
        }
    }

    private void printFaults(PrintStream out, Direction direction) {
        out.print(
                switch (direction) {
                    case TO_DEVICE -> "\nA device's fault: one folio to the device, µs\n";
                    case TO_SYSTEM -> "\nA CPU's fault: the folio of the page back, µs\n";
                });
        out.print(
                "folio                 p50    p90    p99  p99.9    max   book   copy  plain  pages"
                        + "  faults/s\n");
        for (MoveCost cost : result.costs(MoveUnit.FAULT, direction)) {
            out.print(
                    String.format(
                            Locale.ROOT,
                            "%-17s %7.1f %6.1f %6.1f %6.1f %6.0f %6.1f %6.1f %6.1f %6d %9.0f%n",
                            label(cost),
                            cost.nanos().median() / 1e3,
                            cost.nanos().p90() / 1e3,
                            cost.nanos().p99() / 1e3,
                            cost.nanos().p999() / 1e3,
                            cost.nanos().max() / 1e3,
                            cost.bookkeepingNanos() / 1e3,
                            cost.copyNanos() / 1e3,
                            cost.rawNanos() / 1e3,
                            cost.movedPages(),
                            1e9 / Math.max(1, cost.nanos().median())));
        }
    }
}
