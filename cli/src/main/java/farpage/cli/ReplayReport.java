package farpage.cli;

import farpage.emulator.trace.GoldenComparison;
import farpage.emulator.trace.GoldenTrace;
import farpage.emulator.trace.KernelTrace;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// What `replay` prints: the result lines themselves, or how they compare with recorded ones.
///
/// Result lines go out as they come, so that a long replay can be watched or piped on; rows for
/// programs go out at the end of each trace.
final class ReplayReport {
    private final PrintStream out;

    /// Takes rows when the format is not text.
    private final Optional<RowOutput> rows;

    private int traceCount;
    private long operationCount;
    private long differingLines;

    ReplayReport(OutputFormat format, PrintStream out, Row context) {
        this.out = out;
        this.rows =
                format == OutputFormat.TEXT
                        ? Optional.empty()
                        : Optional.of(RowOutput.of(format, out));
        rows.ifPresent(output -> output.context(context));
    }

    /// Result lines that differ so far.
    long differingLines() {
        return differingLines;
    }

    /// A trace that was only executed. In text its lines have gone out already.
    ///
    /// @param views what is shown of the processes, in whole lines
    void executed(String file, KernelTrace trace, List<String> results, CharSequence views) {
        count(trace);
        if (rows.isPresent()) {
            Row row = row(Row.ok("replay"), file, trace).put("results", results);
            rows.get().row(withViews(row, views));
        } else {
            out.print(views);
        }
    }

    /// A trace that was compared.
    ///
    /// @param views what is shown of the processes, in whole lines
    void compared(
            String file,
            KernelTrace trace,
            GoldenTrace golden,
            List<String> results,
            CharSequence views) {
        count(trace);
        GoldenComparison comparison = GoldenComparison.of(trace, golden, results);
        differingLines += comparison.differingLines();
        String summary = describe(comparison, results);
        if (rows.isPresent()) {
            Row row =
                    comparison.isEqual()
                            ? Row.ok("replay")
                            : Row.failed(
                                    "replay",
                                    summary + "\n" + String.join("\n", comparison.context()));
            Row compared = row(row, file, trace).put("differ", comparison.differingLines());
            rows.get().row(withViews(compared, views));
            return;
        }
        out.print(views);
        if (!comparison.isEqual()) {
            out.print("%s: %s: %s\n".formatted(file, trace.name(), summary));
            comparison.context().forEach(line -> out.print(line + "\n"));
        }
    }

    private static Row withViews(Row row, CharSequence views) {
        return views.isEmpty() ? row : row.put("views", views.toString().lines().toList());
    }

    /// The last line.
    void end(boolean isComparison) {
        rows.ifPresent(RowOutput::end);
        if (isComparison && rows.isEmpty()) {
            out.print(
                    "%d traces, %d operations, %d differ\n"
                            .formatted(traceCount, operationCount, differingLines));
        }
    }

    private void count(KernelTrace trace) {
        traceCount++;
        operationCount += trace.operations().size();
    }

    private static String describe(GoldenComparison comparison, List<String> results) {
        return "%d of %d result lines differ, the first at operation %d"
                .formatted(
                        comparison.differingLines(),
                        results.size(),
                        comparison.firstDifference() + 1);
    }

    private static Row row(Row row, String file, KernelTrace trace) {
        return row.put("name", trace.name())
                .put("file", file)
                .put("operations", trace.operations().size());
    }

    /// Pairs traces with recorded results, which must be of the same traces in the same order.
    static List<GoldenTrace> match(
            String file, List<KernelTrace> traces, String goldenFile, List<GoldenTrace> golden) {
        List<String> names = new ArrayList<>(traces.stream().map(KernelTrace::name).toList());
        List<String> goldenNames = golden.stream().map(GoldenTrace::name).toList();
        for (int index = 0; index < Math.max(names.size(), goldenNames.size()); index++) {
            String name = index < names.size() ? names.get(index) : "nothing";
            String goldenName = index < goldenNames.size() ? goldenNames.get(index) : "nothing";
            if (!name.equals(goldenName)) {
                throw new CliFailure(
                        ExitCode.USAGE,
                        "--golden: %s has results of %s where %s has trace %s; right would be the"
                                        .formatted(goldenFile, goldenName, file, name)
                                + " results of the same traces in the same order");
            }
        }
        return golden;
    }
}
