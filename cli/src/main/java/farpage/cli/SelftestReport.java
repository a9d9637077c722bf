package farpage.cli;

import farpage.emulator.selftest.SelftestResult;
import farpage.emulator.selftest.SelftestRun;
import java.io.PrintStream;
import java.util.List;

/// What `selftest` prints, while the cases run.
abstract class SelftestReport {
    private int passedCount;
    private int failedCount;
    private int skippedCount;

    /// @param context where and with what the cases run
    static SelftestReport of(OutputFormat format, PrintStream out, Row context) {
        return switch (format) {
            case TEXT -> new Text(out, context);
            case TAP -> new SelftestTap(out);
            case JSON, CSV -> new Rows(RowOutput.of(format, out), context);
        };
    }

    /// What will run.
    abstract void begin(List<SelftestRun> runs);

    /// A run begins.
    abstract void started(SelftestRun run);

    /// A run has ended.
    final void ended(SelftestRun run, SelftestResult result) {
        switch (result.status()) {
            case PASSED -> passedCount++;
            case FAILED -> failedCount++;
            case SKIPPED -> skippedCount++;
        }
        print(run, result);
    }

    abstract void print(SelftestRun run, SelftestResult result);

    abstract void printEnd();

    /// Everything has run.
    ///
    /// @return how many failed
    final int end() {
        printEnd();
        return failedCount;
    }

    final int passedCount() {
        return passedCount;
    }

    final int failedCount() {
        return failedCount;
    }

    final int skippedCount() {
        return skippedCount;
    }

    /// Runs that have ended.
    final int count() {
        return passedCount + failedCount + skippedCount;
    }

    /// A row with the names of a run.
    static Row named(Row row, SelftestRun run) {
        return row.put("name", run.name())
                .put("case", run.caseName())
                .put("variant", run.variantName());
    }

    /// For people.
    private static final class Text extends SelftestReport {
        private final PrintStream out;
        private final Row context;

        Text(PrintStream out, Row context) {
            this.out = out;
            this.context = context;
        }

        @Override
        void begin(List<SelftestRun> runs) {
            out.print("selftest  %d runs, seed %s\n".formatted(runs.size(), context.text("seed")));
            out.print(
                    "device    %s, through %s\n"
                            .formatted(context.text("device"), context.text("binding")));
            out.flush();
        }

        @Override
        void started(SelftestRun run) {}

        @Override
        void print(SelftestRun run, SelftestResult result) {
            switch (result.status()) {
                case PASSED -> out.print("ok        " + run.name() + "\n");
                case SKIPPED ->
                        out.print("skipped   " + run.name() + ": " + result.reason() + "\n");
                case FAILED -> out.print("FAILED    " + run.name() + "\n");
            }
            if (result.status() == SelftestResult.Status.FAILED) {
                result.lines().forEach(line -> out.print("            " + line + "\n"));
            }
            result.printed().forEach(line -> out.print(line + "\n"));
            out.flush();
        }

        @Override
        void printEnd() {
            out.print(
                    "%d passed, %d failed, %d skipped\n"
                            .formatted(passedCount(), failedCount(), skippedCount()));
        }
    }

    /// For programs.
    private static final class Rows extends SelftestReport {
        private final RowOutput rows;

        Rows(RowOutput rows, Row context) {
            this.rows = rows;
            rows.context(context);
        }

        @Override
        void begin(List<SelftestRun> runs) {}

        @Override
        void started(SelftestRun run) {}

        @Override
        void print(SelftestRun run, SelftestResult result) {
            Row row =
                    switch (result.status()) {
                        case PASSED -> Row.ok("selftest");
                        case SKIPPED -> Row.skipped("selftest", result.reason());
                        case FAILED -> Row.failed("selftest", String.join("\n", result.lines()));
                    };
            rows.row(named(row, run).put("printed", result.printed()));
        }

        @Override
        void printEnd() {
            rows.end();
        }
    }
}
