package farpage.emulator.trace;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Reads a short recording line by line, with the number of each line.
final class TraceLines {
    private final String name;
    private final BufferedReader reader;
    private int lineNumber;

    TraceLines(TraceInput input) {
        this.name = input.name();
        this.reader =
                new BufferedReader(
                        new InputStreamReader(input.stream(), StandardCharsets.ISO_8859_1));
    }

    String name() {
        return name;
    }

    /// Number of the line that was read last, from 1.
    int lineNumber() {
        return lineNumber;
    }

    /// All lines that are left, without their line ends.
    List<String> readAll() {
        List<String> lines = new ArrayList<>();
        try {
            String line = reader.readLine();
            while (line != null) {
                lineNumber++;
                lines.add(line);
                line = reader.readLine();
            }
        } catch (IOException failure) {
            throw TraceInput.translate(name, lineNumber + 1L, failure);
        }
        return lines;
    }
}
