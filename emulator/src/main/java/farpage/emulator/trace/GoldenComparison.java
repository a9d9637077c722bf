package farpage.emulator.trace;

import java.util.ArrayList;
import java.util.List;

/// How the results of one trace differ from the recorded ones.
///
/// Lines are held against each other by the number of their operation, so that one wrong line does
/// not make the rest wrong. A line that only one side has is a difference.
///
/// @param name name of the trace
/// @param differingLines result lines that differ
/// @param firstDifference index of the first of them, from 0, or -1 when the results are equal
/// @param context the first difference with the lines around it, ready to be printed
/// @kernel none; tests compare results of the model with those of the kernel
public record GoldenComparison(
        String name, int differingLines, int firstDifference, List<String> context) {
    /// Lines of equal results that are shown before the first difference.
    private static final int LINES_BEFORE = 3;

    private static final String NOTHING = "(nothing)";

    public GoldenComparison {
        context = List.copyOf(context);
    }

    /// Whether all result lines are equal.
    public boolean isEqual() {
        return differingLines == 0;
    }

    /// Compares two lists of result lines.
    ///
    /// @param trace the operations, whose lines in the file are shown
    public static GoldenComparison of(
            KernelTrace trace, GoldenTrace golden, List<String> actualResults) {
        List<String> expected = golden.results();
        int lineCount = Math.max(expected.size(), actualResults.size());
        int differing = 0;
        int first = -1;
        for (int index = 0; index < lineCount; index++) {
            if (!lineAt(expected, index).equals(lineAt(actualResults, index))) {
                differing++;
                first = first < 0 ? index : first;
            }
        }
        List<String> context =
                first < 0 ? List.of() : context(trace, expected, actualResults, first);
        return new GoldenComparison(golden.name(), differing, first, context);
    }

    private static String lineAt(List<String> lines, int index) {
        return index < lines.size() ? lines.get(index) : NOTHING;
    }

    private static List<String> context(
            KernelTrace trace, List<String> expected, List<String> actual, int first) {
        List<String> lines = new ArrayList<>();
        for (int index = Math.max(0, first - LINES_BEFORE); index < first; index++) {
            lines.add("    " + lineAt(expected, index) + place(trace, index));
        }
        lines.add("  - " + lineAt(expected, first) + place(trace, first));
        lines.add("  + " + lineAt(actual, first));
        return lines;
    }

    private static String place(KernelTrace trace, int index) {
        return index < trace.operations().size()
                ? "    <- line %d: %s"
                        .formatted(
                                trace.operations().get(index).line(),
                                KernelTraceWriter.format(trace.operations().get(index)))
                : "";
    }
}
