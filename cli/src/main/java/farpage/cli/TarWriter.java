package farpage.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/// An archive in the ustar format of POSIX.1-1988, of plain files alone.
///
/// Owner and time of every file are the same, so that the bytes depend on names, modes and contents
/// alone. Folders have no entries; who unpacks makes them. Commons Compress was rejected: its
/// module requires java.desktop, which the runtime of a bundle would then have to hold.
///
/// @kernel usr/gen_init_cpio.c: archives made from a list of files
final class TarWriter implements AutoCloseable {
    /// The time of every file: the first second of 2026.
    private static final long TIME_SECONDS = 1_767_225_600L;

    private static final int BLOCK_SIZE = 512;
    private static final int NAME_LENGTH_MAX = 100;
    private static final int PREFIX_LENGTH_MAX = 155;
    private static final int CHECKSUM_OFFSET = 148;
    private static final int CHECKSUM_LENGTH = 8;
    private static final int MODE_EXECUTABLE = 0755;
    private static final int MODE_PLAIN = 0644;
    private static final long SIZE_MAX = (1L << 33) - 1;

    private final OutputStream out;

    /// @param out stays open when the archive is closed
    TarWriter(OutputStream out) {
        this.out = out;
    }

    /// Adds a file.
    ///
    /// @param name its path with slashes, relative to where the archive is unpacked
    /// @param size how many bytes `content` has
    void add(String name, boolean isExecutable, long size, InputStream content) throws IOException {
        out.write(header(name, isExecutable, size));
        long copied = content.transferTo(out);
        if (copied != size) {
            throw new IOException(name + ": read=" + copied + ", size=" + size);
        }
        out.write(new byte[(int) (-size & (BLOCK_SIZE - 1))]);
    }

    /// Ends the archive.
    @Override
    public void close() throws IOException {
        out.write(new byte[2 * BLOCK_SIZE]);
    }

    private static byte[] header(String name, boolean isExecutable, long size) {
        if (size > SIZE_MAX) {
            throw new IllegalArgumentException("size: value=" + size + ", limit=" + SIZE_MAX);
        }
        int split = split(name);
        byte[] header = new byte[BLOCK_SIZE];
        put(header, 0, name.substring(split));
        put(header, 100, octal(isExecutable ? MODE_EXECUTABLE : MODE_PLAIN, 7));
        put(header, 108, octal(0, 7));
        put(header, 116, octal(0, 7));
        put(header, 124, octal(size, 11));
        put(header, 136, octal(TIME_SECONDS, 11));
        put(header, CHECKSUM_OFFSET, " ".repeat(CHECKSUM_LENGTH));
        put(header, 156, "0");
        put(header, 257, "ustar\0" + "00");
        put(header, 265, "root");
        put(header, 297, "root");
        put(header, 345, name.substring(0, Math.max(0, split - 1)));
        int sum = 0;
        for (byte value : header) {
            sum += value & 0xff;
        }
        put(header, CHECKSUM_OFFSET, octal(sum, 6) + "\0 ");
        return header;
    }

    /// Where the part of a name begins that fits its field; what is before that goes, without its
    /// slash, into the field for long names.
    private static int split(String name) {
        if (!StandardCharsets.US_ASCII.newEncoder().canEncode(name)) {
            throw new IllegalArgumentException("name: value=" + name + ", limit=ASCII");
        }
        if (name.length() <= NAME_LENGTH_MAX) {
            return 0;
        }
        int slash = name.lastIndexOf('/', PREFIX_LENGTH_MAX);
        if (slash <= 0 || name.length() - slash - 1 > NAME_LENGTH_MAX) {
            throw new IllegalArgumentException("name: value=" + name + ", limit=100 after a slash");
        }
        return slash + 1;
    }

    private static String octal(long value, int digits) {
        return ("%0" + digits + "o").formatted(value);
    }

    private static void put(byte[] header, int offset, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(bytes, 0, header, offset, bytes.length);
    }
}
