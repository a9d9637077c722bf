package farpage.emulator.trace;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/// An opened recording: its bytes, inflated if they were compressed, and the name to show in
/// errors.
///
/// Compression is recognized by the two magic bytes of gzip and not by the file's name. Inflating
/// happens in a second thread.
///
/// @kernel none; the files are what a user records with valgrind or with a kernel test
public final class TraceInput implements AutoCloseable {
    /// The file name that means standard input.
    public static final String STANDARD_INPUT = "-";

    private static final int GZIP_MAGIC_0 = 0x1f;
    private static final int GZIP_MAGIC_1 = 0x8b;
    private static final int BUFFER_SIZE = 1 << 16;

    private static final long SIZE_UNKNOWN = -1;

    private final String name;
    private final InputStream stream;
    private final CountingInputStream raw;
    private final long rawSize;

    private TraceInput(String name, InputStream stream, CountingInputStream raw, long rawSize) {
        this.name = name;
        this.stream = stream;
        this.raw = raw;
        this.rawSize = rawSize;
    }

    /// Opens a file, or `standardInput` for the name `-`.
    ///
    /// Errors: [TraceFormatException] when the gzip header is broken or the path is no readable
    /// file, `UncheckedIOException` when reading fails for other reasons.
    public static TraceInput open(String file, InputStream standardInput) {
        if (file.equals(STANDARD_INPUT)) {
            return of("standard input", standardInput, SIZE_UNKNOWN);
        }
        Path path = Path.of(file);
        if (Files.isDirectory(path)) {
            throw new TraceFormatException(file, 0, "a folder", "a file");
        }
        try {
            long size = Files.isRegularFile(path) ? Files.size(path) : SIZE_UNKNOWN;
            return of(file, Files.newInputStream(path), size);
        } catch (NoSuchFileException _) {
            throw new TraceFormatException(file, 0, "no such file", "the path of a recording");
        } catch (java.nio.file.AccessDeniedException _) {
            throw new TraceFormatException(file, 0, "no permission", "a file that can be read");
        } catch (IOException failure) {
            throw new UncheckedIOException(file + ": cannot be opened", failure);
        }
    }

    /// Wraps a stream, which it then owns.
    public static TraceInput of(String name, InputStream raw) {
        return of(name, raw, SIZE_UNKNOWN);
    }

    /// Wraps a stream of known size, which it then owns.
    ///
    /// @param size bytes of the stream as it is, compressed or not; below 0 when unknown
    public static TraceInput of(String name, InputStream stream, long size) {
        CountingInputStream raw = new CountingInputStream(stream);
        BufferedInputStream buffered = new BufferedInputStream(raw, BUFFER_SIZE);
        try {
            buffered.mark(2);
            int magic0 = buffered.read();
            int magic1 = buffered.read();
            buffered.reset();
            if (magic0 != GZIP_MAGIC_0 || magic1 != GZIP_MAGIC_1) {
                return new TraceInput(name, buffered, raw, size);
            }
            return new TraceInput(
                    name,
                    new ReadAheadInputStream(new GZIPInputStream(buffered, BUFFER_SIZE)),
                    raw,
                    size);
        } catch (IOException failure) {
            closeAfterFailure(raw, failure);
            throw translate(name, 0, failure);
        }
    }

    private static void closeAfterFailure(InputStream raw, IOException failure) {
        try {
            raw.close();
        } catch (IOException second) {
            failure.addSuppressed(second);
        }
    }

    /// The name to show in errors.
    public String name() {
        return name;
    }

    /// How much of the file was read, from 0 to 1, a little ahead of what was parsed; below 0 when
    /// its size is not known.
    public double fractionRead() {
        return rawSize > 0 ? (double) raw.count() / rawSize : -1;
    }

    InputStream stream() {
        return stream;
    }

    /// What a failure of reading means to the user: broken compression is a fault of the recording.
    static RuntimeException translate(String name, long line, IOException failure) {
        return switch (failure) {
            case EOFException _ ->
                    new TraceFormatException(
                            name,
                            line,
                            "the end of the compressed data in the middle of the stream",
                            "a complete gzip file (was the copy or the recording cut off?)");
            case ZipException broken ->
                    new TraceFormatException(
                            name,
                            line,
                            "broken gzip data (" + broken.getMessage() + ")",
                            "an intact gzip file or plain text");
            default -> new UncheckedIOException(name + ": reading failed", failure);
        };
    }

    @Override
    public void close() {
        try {
            stream.close();
        } catch (IOException failure) {
            throw new UncheckedIOException(name + ": closing failed", failure);
        }
    }
}
