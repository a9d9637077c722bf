package farpage.docs;

import java.util.ArrayList;
import java.util.List;

/// A command of a `console` block in a document.
///
/// In such a block a line that begins with `$ ` is a command. The lines after it are what it may
/// print, which nobody compares, but for one: `[exit 2]` tells the exit code, which is 0 otherwise.
///
/// @param line where it stands, from 1
/// @param command what follows the prompt
/// @param exitCode how it must end
record ConsoleBlock(int line, String command, int exitCode) {
    private static final String PROMPT = "$ ";

    /// All commands of a document, in order.
    static List<ConsoleBlock> of(List<String> document) {
        List<ConsoleBlock> commands = new ArrayList<>();
        boolean inside = false;
        for (int i = 0; i < document.size(); i++) {
            String line = document.get(i);
            if (line.startsWith("```")) {
                inside = !inside && line.equals("```console");
            } else if (inside && line.startsWith(PROMPT)) {
                commands.add(
                        new ConsoleBlock(
                                i + 1, line.substring(PROMPT.length()), exitCode(document, i + 1)));
            }
        }
        return commands;
    }

    /// The code that is told before the next command or the end of the block.
    private static int exitCode(List<String> document, int from) {
        for (int i = from; i < document.size(); i++) {
            String line = document.get(i);
            if (line.startsWith(PROMPT) || line.startsWith("```")) {
                return 0;
            }
            if (line.matches("\\[exit \\d+\\]")) {
                return Integer.parseInt(line.substring("[exit ".length(), line.length() - 1));
            }
        }
        return 0;
    }
}
