package farpage.emulator.trace;

import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/// Reads files of recorded results.
///
/// @kernel none; the recording program's own format, see docs/TRACE_FORMAT.md
public final class GoldenResults {
    private static final String MARK = "===";
    private static final String START = "=== ";
    private static final String END = "=== end ";

    private GoldenResults() {}

    /// Reads all results of a file, compressed or not.
    ///
    /// @param standardInput what `-` stands for
    /// @throws TraceFormatException when the file is no file of results
    public static List<GoldenTrace> readFile(String file, InputStream standardInput) {
        try (TraceInput input = TraceInput.open(file, standardInput)) {
            return read(input);
        }
    }

    /// Reads all results of an opened file.
    ///
    /// @throws TraceFormatException when the file is no file of results
    public static List<GoldenTrace> read(TraceInput input) {
        List<String> lines = new TraceLines(input).readAll();
        List<GoldenTrace> traces = new ArrayList<>();
        List<String> results = new ArrayList<>();
        String name = "";
        int startLine = 0;
        for (int index = 0; index < lines.size(); index++) {
            String line = lines.get(index).stripTrailing();
            int number = index + 1;
            if (startLine == 0) {
                if (!line.startsWith(START) || line.startsWith(END)) {
                    throw wrong(input, number, line, "'=== NAME'");
                }
                name = line.substring(START.length());
                startLine = number;
            } else if (line.startsWith(END)) {
                traces.add(new GoldenTrace(name, results, end(input, number, line, name)));
                results.clear();
                startLine = 0;
            } else if (line.startsWith(MARK)) {
                throw wrong(input, number, line, "'=== end " + name + " ok'");
            } else {
                checkNumber(input, number, line, results.size() + 1);
                results.add(line);
            }
        }
        if (startLine != 0) {
            throw new TraceFormatException(
                    input.name(),
                    lines.size(),
                    "the end of the file",
                    "'=== end " + name + " ok' for the trace of line " + startLine);
        }
        if (traces.isEmpty()) {
            throw new TraceFormatException(input.name(), 0, "no result", "'=== NAME' at the start");
        }
        return List.copyOf(traces);
    }

    private static String end(TraceInput input, int number, String line, String name) {
        String rest = line.substring(END.length());
        if (!rest.startsWith(name + " ") || rest.length() == name.length() + 1) {
            throw wrong(input, number, line, "'=== end " + name + " ok'");
        }
        return rest.substring(name.length() + 1);
    }

    private static void checkNumber(TraceInput input, int number, String line, int operation) {
        if (!line.startsWith(operation + " ")) {
            throw wrong(input, number, line, "the result of operation " + operation);
        }
    }

    private static TraceFormatException wrong(
            TraceInput input, int number, String line, String wanted) {
        return new TraceFormatException(
                input.name(), number, TraceFormatException.quote(line), wanted);
    }
}
