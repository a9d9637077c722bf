package farpage.emulator.trace;

import java.io.InputStream;
import java.util.List;

/// One recorded sequence of operations, which starts from a fresh process and freshly opened
/// devices.
///
/// @param name its name, as in `=== NAME`
/// @param line line of that header in the file, from 1
/// @param operations what to do, in order; a child's operations stand between ForkBegin and ForkEnd
/// @kernel tools/testing/selftests/mm/hmm-tests.c: one test function is what one trace is here
public record KernelTrace(String name, int line, List<KernelOperation> operations) {
    public KernelTrace {
        operations = List.copyOf(operations);
    }

    /// Reads all traces of a file, compressed or not.
    ///
    /// @param standardInput what `-` stands for
    /// @throws TraceFormatException when a line means nothing
    public static List<KernelTrace> readFile(String file, InputStream standardInput) {
        try (TraceInput input = TraceInput.open(file, standardInput)) {
            return read(input);
        }
    }

    /// Reads all traces of an opened file.
    ///
    /// @throws TraceFormatException when a line means nothing
    public static List<KernelTrace> read(TraceInput input) {
        return new KernelTraceParser(input).parse();
    }
}
