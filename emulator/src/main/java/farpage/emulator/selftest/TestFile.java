package farpage.emulator.selftest;

import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.file.OpenFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;

/// A temporary file of the host that a program has open for reading and writing. Its name is gone
/// already, so nothing is left of it after its last use.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: hmm_create_file
final class TestFile {
    private final OpenFile file;

    private TestFile(OpenFile file) {
        this.file = file;
    }

    /// A file of zeros.
    static TestFile create(Machine machine, int pageCount) {
        try {
            Path path = Files.createTempFile("farpage-selftest", "");
            try {
                TestFile created = new TestFile(machine.files().open(path, true));
                Expect.equal(
                        "0",
                        created.file.truncate(PageSize.pageAddress(pageCount)).describe(),
                        "ftruncate");
                return created;
            } finally {
                Files.delete(path);
            }
        } catch (IOException failure) {
            throw new UncheckedIOException("a temporary file", failure);
        }
    }

    OpenFile file() {
        return file;
    }

    /// Writes the mirror of pages to the start of the file.
    void write(TestPages pages) {
        Expect.equal(pages.byteSize(), file.write(pages.mirror(), 0), "pwrite");
    }

    /// Reads the start of the file into the mirror of pages.
    void read(TestPages pages) {
        MemorySegment to = pages.mirror();
        Expect.equal(to.byteSize(), file.read(to, 0), "pread");
    }

    void close() {
        file.close();
    }
}
