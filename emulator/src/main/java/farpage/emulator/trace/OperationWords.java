package farpage.emulator.trace;

/// The words of one line of a kernel trace, taken one after another, each with its check.
final class OperationWords {
    private final String file;
    private final int line;
    private final String[] words;
    private int next;

    OperationWords(String file, int line, String[] words) {
        this.file = file;
        this.line = line;
        this.words = words;
    }

    /// The next word.
    ///
    /// @param what what it should be, for the error when there is none
    String text(String what) {
        if (next == words.length) {
            throw new TraceFormatException(
                    file, line, "the end of the line after '" + words[next - 1] + "'", what);
        }
        return words[next++];
    }

    /// The next word as a number within bounds, both included.
    int number(String what, int min, int max) {
        String word = text(what);
        try {
            int value = Integer.parseInt(word);
            if (value >= min && value <= max && Character.isDigit(word.charAt(0))) {
                return value;
            }
        } catch (NumberFormatException _) {
            throw wrong(word, what + " from " + min + " to " + max);
        }
        throw wrong(word, what + " from " + min + " to " + max);
    }

    /// The next word as an unsigned number of 64 bits.
    long unsigned(String what) {
        String word = text(what);
        try {
            if (Character.isDigit(word.charAt(0))) {
                return Long.parseUnsignedLong(word);
            }
        } catch (NumberFormatException _) {
            throw wrong(word, what + " from 0 to 2^64 - 1");
        }
        throw wrong(word, what + " from 0 to 2^64 - 1");
    }

    /// The device at the end of the line: `@0`, `@1`, or device 0 when nothing is left.
    int device() {
        if (next == words.length) {
            return 0;
        }
        String word = text("a device");
        return switch (word) {
            case "@0" -> 0;
            case "@1" -> 1;
            default -> throw wrong(word, "the end of the line, '@0' or '@1'");
        };
    }

    /// Checks that no word is left.
    void end() {
        if (next < words.length) {
            throw wrong(words[next], "the end of the line");
        }
    }

    TraceFormatException wrong(String word, String wanted) {
        return new TraceFormatException(file, line, TraceFormatException.quote(word), wanted);
    }
}
