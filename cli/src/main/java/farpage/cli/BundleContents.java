package farpage.cli;

import java.io.ByteArrayInputStream;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/// The files of a bundle by their names, and the archive made of them.
final class BundleContents {
    /// The folder that all of them are in.
    static final String FOLDER = "farpage/";

    private static final int BUFFER_SIZE = 1 << 16;

    private final Map<String, Entry> entries = new TreeMap<>();
    private long unpackedBytes;

    /// A file: a path, or what is in it.
    private sealed interface Entry {
        /// A file of this machine.
        record OfFile(Path path) implements Entry {}

        /// A file that is made up.
        record OfText(String text) implements Entry {}
    }

    /// Adds a file under a name.
    void addFile(String name, Path path) {
        put(name, new Entry.OfFile(path));
    }

    /// Adds a file with a content.
    void addText(String name, String text) {
        put(name, new Entry.OfText(text));
    }

    /// Adds all files below a folder; a link is taken for what it leads to.
    void addFolder(String name, Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder, FileVisitOption.FOLLOW_LINKS)) {
            List<Path> plain = files.filter(Files::isRegularFile).toList();
            for (Path file : plain) {
                addFile(name + folder.relativize(file), file);
            }
        }
    }

    int fileCount() {
        return entries.size();
    }

    /// The size of all files of the archive that was written last.
    long unpackedBytes() {
        return unpackedBytes;
    }

    /// Writes the compressed archive: the same bytes for the same files.
    ///
    /// @return its size
    long write(OutputStream out, Interruption interruption) throws IOException {
        unpackedBytes = 0;
        Counting counting = new Counting(out);
        GZIPOutputStream gzip = new GZIPOutputStream(counting, BUFFER_SIZE);
        try (TarWriter tar = new TarWriter(gzip)) {
            for (Map.Entry<String, Entry> entry : entries.entrySet()) {
                interruption.check();
                add(tar, FOLDER + entry.getKey(), entry.getValue());
            }
        }
        gzip.finish();
        return counting.count;
    }

    private void add(TarWriter tar, String name, Entry entry) throws IOException {
        switch (entry) {
            case Entry.OfText(String text) -> {
                byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
                tar.add(name, false, bytes.length, new ByteArrayInputStream(bytes));
                unpackedBytes += bytes.length;
            }
            case Entry.OfFile(Path path) -> {
                boolean isExecutable =
                        Files.getPosixFilePermissions(path)
                                .contains(PosixFilePermission.OWNER_EXECUTE);
                long size = Files.size(path);
                try (InputStream content = Files.newInputStream(path)) {
                    tar.add(name, isExecutable, size, content);
                }
                unpackedBytes += size;
            }
        }
    }

    private void put(String name, Entry entry) {
        Entry before = entries.put(name, entry);
        assert before == null : name;
    }

    /// Knows how much went through it.
    private static final class Counting extends FilterOutputStream {
        private long count;

        Counting(OutputStream out) {
            super(out);
        }

        @Override
        public void write(int value) throws IOException {
            out.write(value);
            count++;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            out.write(bytes, offset, length);
            count += length;
        }
    }
}
