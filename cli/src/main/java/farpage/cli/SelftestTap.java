package farpage.cli;

import farpage.emulator.selftest.SelftestResult;
import farpage.emulator.selftest.SelftestRun;
import java.io.PrintStream;
import java.util.List;

/// Results of `selftest` line by line as the kernel's test harness prints them, so that what reads
/// its output reads this.
///
/// @kernel tools/testing/selftests/kselftest_harness.h, kselftest.h
final class SelftestTap extends SelftestReport {
    private final PrintStream out;

    SelftestTap(PrintStream out) {
        this.out = out;
    }

    @Override
    void begin(List<SelftestRun> runs) {
        long testCases = runs.stream().map(SelftestRun::testCase).distinct().count();
        out.print("TAP version 13\n");
        out.print("1.." + runs.size() + "\n");
        comment("Starting %d tests from %d test cases.".formatted(runs.size(), testCases));
        out.flush();
    }

    @Override
    void started(SelftestRun run) {
        comment(" RUN           " + run.name() + " ...");
        out.flush();
    }

    @Override
    void print(SelftestRun run, SelftestResult result) {
        result.printed().forEach(line -> out.print(line + "\n"));
        switch (result.status()) {
            case PASSED -> passed(run);
            case SKIPPED -> skipped(run, result.reason());
            case FAILED -> failed(run, result.lines());
        }
        out.flush();
    }

    private void passed(SelftestRun run) {
        comment("           OK  " + run.name());
        out.print("ok %d %s\n".formatted(count(), run.name()));
    }

    private void skipped(SelftestRun run, String reason) {
        comment("     SKIP      " + reason);
        comment("           OK  " + run.name());
        out.print("ok %d %s # SKIP %s\n".formatted(count(), run.name(), reason));
    }

    private void failed(SelftestRun run, List<String> lines) {
        lines.forEach(this::comment);
        comment(run.caseName() + ": Test failed");
        comment("         FAIL  " + run.name());
        out.print("not ok %d %s\n".formatted(count(), run.name()));
    }

    /// The harness counts what was skipped as passed here, and by itself in the totals.
    @Override
    void printEnd() {
        comment(
                "%s: %d / %d tests passed."
                        .formatted(
                                failedCount() == 0 ? "PASSED" : "FAILED",
                                passedCount() + skippedCount(),
                                count()));
        if (skippedCount() > 0) {
            comment(
                    "%d skipped test(s) detected. Consider enabling relevant config options to"
                                    .formatted(skippedCount())
                            + " improve coverage.");
        }
        comment(
                "Totals: pass:%d fail:%d xfail:0 xpass:0 skip:%d error:0"
                        .formatted(passedCount(), failedCount(), skippedCount()));
    }

    private void comment(String text) {
        out.print("# " + text + "\n");
    }
}
