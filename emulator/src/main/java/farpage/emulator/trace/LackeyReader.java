package farpage.emulator.trace;

import java.io.IOException;
import java.io.InputStream;

/// Reads the memory accesses that valgrind's lackey tool writes with `--trace-mem=yes`.
///
/// A line is a kind in its column, an address in hexadecimal and a size in decimal:
///
/// ```
/// I  0401ab70,3        instruction fetch
///  L 1ffeffe7e0,8      load
///  S 1ffeffe7d8,8      store
///  M 0421c7cc,4        modify: load and store
/// ```
///
/// What is tolerated and what is not is a choice. Lines that valgrind itself writes (`==PID==`,
/// `--PID--`, `**PID**`) and empty lines carry no access: they are skipped and counted. A carriage
/// return before the newline and capital hexadecimal digits do no harm. All else is an error,
/// because an access that is dropped or misread changes every result after it without a sign:
/// output of the traced program mixed in, a size of 0 or above a page, an access that leaves what a
/// process can map, a last line without its newline (its size may have lost a digit), a compressed
/// file that ends early, and a recording without any access.
///
/// Nothing is allocated per access or line.
///
/// @kernel Documentation/arch/x86/x86_64/mm.rst: user space ends below 1 << 47; mmap_min_addr
public final class LackeyReader implements AutoCloseable {
    /// The largest access: one page. Vector state is saved in pieces far below it.
    public static final int ACCESS_SIZE_MAX = 4096;

    /// The lowest address that a process without privileges can map.
    public static final long USER_SPACE_START = 0x10000;

    /// The end of user space with four-level page tables.
    public static final long USER_SPACE_END = 0x7fff_ffff_f000L;

    private static final int BUFFER_SIZE = 1 << 18;

    /// A malformed line is read a few bytes past its end before it is found out.
    private static final int SLACK = 16;

    private static final int ADDRESS_DIGITS_MAX = 16;
    private static final int SIZE_DIGITS_MAX = 5;
    private static final String LINE_SHAPE =
            "an access such as ' L 1ffeffe7e0,8' (kinds 'I ', ' L', ' S', ' M') or a '==PID==' line"
                    + " (record with --log-file, so that the program's own output stays out)";

    private static final byte[] HEX_VALUE = hexValues();

    private final String name;
    private final InputStream stream;
    private final TraceInput input;
    private final byte[] buffer = new byte[BUFFER_SIZE + SLACK];

    /// `[position, completeEnd)` holds whole lines, `[completeEnd, end)` the start of the next one.
    private int position;

    private int completeEnd;
    private int end;

    private long lineCount;
    private long accessCount;
    private long skippedLineCount;
    private boolean atEnd;

    /// @param input the recording, which the reader then owns
    public LackeyReader(TraceInput input) {
        this.name = input.name();
        this.stream = input.stream();
        this.input = input;
    }

    private static byte[] hexValues() {
        byte[] values = new byte[256];
        for (int character = 0; character < values.length; character++) {
            values[character] = (byte) Character.digit(character, 16);
        }
        return values;
    }

    /// Accesses handed out so far.
    public long accessCount() {
        return accessCount;
    }

    /// Lines of valgrind and empty lines so far.
    public long skippedLineCount() {
        return skippedLineCount;
    }

    /// Lines read so far; the line in hand is this one.
    public long lineCount() {
        return lineCount;
    }

    /// Fills the batch from the start with the next accesses, numbered from 0 through the file.
    ///
    /// @return false at the end, with an empty batch
    public boolean next(AccessBatch batch) {
        batch.clear();
        while (!batch.isFull()) {
            if (position == completeEnd && !refill()) {
                break;
            }
            parseLines(batch);
        }
        return batch.count() > 0;
    }

    private void parseLines(AccessBatch batch) {
        byte[] bytes = buffer;
        while (position < completeEnd && !batch.isFull()) {
            int start = position;
            lineCount++;
            byte kind = kindAt(start);
            if (kind < 0) {
                skipLine(start);
                continue;
            }
            int cursor = start + 3;
            long address = 0;
            int digit = HEX_VALUE[bytes[cursor] & 0xff];
            while (digit >= 0) {
                address = (address << 4) | digit;
                digit = HEX_VALUE[bytes[++cursor] & 0xff];
            }
            int addressDigits = cursor - start - 3;
            int size = 0;
            int sizeStart = ++cursor;
            int decimal = bytes[cursor] - '0';
            while (decimal >= 0 && decimal <= 9 && cursor - sizeStart < SIZE_DIGITS_MAX) {
                size = size * 10 + decimal;
                decimal = bytes[++cursor] - '0';
            }
            if (bytes[cursor] == '\r') {
                cursor++;
            }
            boolean shaped =
                    addressDigits > 0
                            && bytes[sizeStart - 1] == ','
                            && cursor > sizeStart
                            && bytes[cursor] == '\n';
            if (!shaped || !isInUserSpace(address, addressDigits, size)) {
                throw explain(start, shaped, address, addressDigits, size);
            }
            batch.add(address, size, kind, accessCount++);
            position = cursor + 1;
        }
    }

    /// The kind of access, or -1 when the line is none. A line may be shorter than three bytes;
    /// what follows it in the buffer cannot make it look like one, because it contains a newline.
    private byte kindAt(int start) {
        byte first = buffer[start];
        byte second = buffer[start + 1];
        if (buffer[start + 2] != ' ') {
            return -1;
        }
        if (first == ' ') {
            return switch (second) {
                case 'L' -> AccessKind.LOAD;
                case 'S' -> AccessKind.STORE;
                case 'M' -> AccessKind.MODIFY;
                default -> -1;
            };
        }
        return first == 'I' && second == ' ' ? AccessKind.FETCH : -1;
    }

    private static boolean isInUserSpace(long address, int addressDigits, int size) {
        return addressDigits <= ADDRESS_DIGITS_MAX
                && size >= 1
                && size <= ACCESS_SIZE_MAX
                && address >= USER_SPACE_START
                && address <= USER_SPACE_END - size;
    }

    private void skipLine(int start) {
        int newline = start;
        while (buffer[newline] != '\n') {
            newline++;
        }
        int contentEnd = newline > start && buffer[newline - 1] == '\r' ? newline - 1 : newline;
        if (contentEnd > start && !isValgrindLine(start, contentEnd)) {
            throw new TraceFormatException(
                    name,
                    lineCount,
                    TraceFormatException.quote(buffer, start, contentEnd),
                    LINE_SHAPE);
        }
        skippedLineCount++;
        position = newline + 1;
    }

    /// Valgrind starts its lines with its process number between two pairs of the same mark.
    private boolean isValgrindLine(int start, int contentEnd) {
        byte mark = buffer[start];
        if (mark != '=' && mark != '-' && mark != '*') {
            return false;
        }
        int cursor = start + 2;
        while (cursor < contentEnd && buffer[cursor] >= '0' && buffer[cursor] <= '9') {
            cursor++;
        }
        return buffer[start + 1] == mark
                && cursor > start + 2
                && cursor + 1 < contentEnd
                && buffer[cursor] == mark
                && buffer[cursor + 1] == mark;
    }

    private TraceFormatException explain(
            int start, boolean shaped, long address, int addressDigits, int size) {
        int newline = start;
        while (buffer[newline] != '\n') {
            newline++;
        }
        String found = TraceFormatException.quote(buffer, start, newline);
        String wanted;
        if (!shaped) {
            wanted = LINE_SHAPE;
        } else if (size < 1 || size > ACCESS_SIZE_MAX) {
            wanted = "a size from 1 to " + ACCESS_SIZE_MAX;
        } else if (addressDigits <= ADDRESS_DIGITS_MAX
                && Long.compareUnsigned(address, USER_SPACE_START) < 0) {
            wanted = "an address that can be mapped, from " + Long.toHexString(USER_SPACE_START);
        } else if (addressDigits > ADDRESS_DIGITS_MAX
                || Long.compareUnsigned(address, USER_SPACE_END) >= 0) {
            wanted = "an address of user space, below " + Long.toHexString(USER_SPACE_END);
        } else {
            wanted =
                    "an access that ends in user space, at most at "
                            + Long.toHexString(USER_SPACE_END);
        }
        return new TraceFormatException(name, lineCount, found, wanted);
    }

    /// Reads until there is a whole line.
    ///
    /// @return false at the end of the recording
    private boolean refill() {
        if (atEnd) {
            return false;
        }
        System.arraycopy(buffer, completeEnd, buffer, 0, end - completeEnd);
        end -= completeEnd;
        position = 0;
        completeEnd = 0;
        while (completeEnd == 0) {
            if (end == BUFFER_SIZE) {
                throw new TraceFormatException(
                        name,
                        lineCount + 1,
                        "a line longer than " + BUFFER_SIZE + " bytes",
                        LINE_SHAPE);
            }
            int length = readSome();
            if (length < 0) {
                atEnd = true;
                checkEnd();
                return false;
            }
            int newEnd = end + length;
            completeEnd = afterLastNewline(end, newEnd);
            end = newEnd;
        }
        return true;
    }

    private int readSome() {
        try {
            return stream.read(buffer, end, BUFFER_SIZE - end);
        } catch (IOException failure) {
            throw TraceInput.translate(name, lineCount + 1, failure);
        }
    }

    private int afterLastNewline(int from, int to) {
        for (int index = to - 1; index >= from; index--) {
            if (buffer[index] == '\n') {
                return index + 1;
            }
        }
        return 0;
    }

    private void checkEnd() {
        if (end > 0) {
            throw new TraceFormatException(
                    name,
                    lineCount + 1,
                    TraceFormatException.quote(buffer, 0, end) + " and then the end of the file",
                    "a newline after the last line (was the recording cut off?)");
        }
        if (accessCount == 0) {
            throw new TraceFormatException(
                    name,
                    0,
                    "no access in " + lineCount + " lines",
                    "text recorded with: valgrind --tool=lackey --trace-mem=yes --log-file=FILE"
                            + " PROGRAM");
        }
    }

    @Override
    public void close() {
        input.close();
    }
}
