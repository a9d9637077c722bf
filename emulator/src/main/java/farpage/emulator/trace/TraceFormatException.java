package farpage.emulator.trace;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/// A recording that cannot be used as it is: where, what was found, and what would be right.
///
/// The message is one line, fit to be shown to the person who gave the file. Bytes that cannot be
/// printed are written as `\xNN`, and a long line is shortened.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c prints the failing step likewise, with its line
public final class TraceFormatException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private static final int SHOWN_LENGTH_MAX = 60;

    private final String file;
    private final long line;

    /// @param file name of the file as the user gave it
    /// @param line counts from 1; 0 when the file as a whole is meant
    /// @param found what stands there, in words
    /// @param wanted what would be right, in words
    public TraceFormatException(String file, long line, String found, String wanted) {
        super((line == 0 ? file : file + ":" + line) + ": found " + found + ", expected " + wanted);
        this.file = file;
        this.line = line;
    }

    /// Name of the file as the user gave it.
    public String file() {
        return file;
    }

    /// Line that is wrong, from 1, or 0 when the file as a whole is meant.
    public long line() {
        return line;
    }

    @Override
    public String getMessage() {
        return Objects.requireNonNull(super.getMessage());
    }

    /// A piece of input in quotes, made printable and short.
    static String quote(byte[] bytes, int start, int end) {
        StringBuilder shown = new StringBuilder("'");
        int stop = Math.min(end, start + SHOWN_LENGTH_MAX);
        for (int index = start; index < stop; index++) {
            int value = bytes[index] & 0xff;
            if (value >= 0x20 && value < 0x7f) {
                shown.append((char) value);
            } else {
                shown.append(String.format("\\x%02x", value));
            }
        }
        return shown.append(stop < end ? "…'" : "'").toString();
    }

    static String quote(String text) {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        return quote(bytes, 0, bytes.length);
    }
}
