package farpage.mm.file;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.testing.TestDisk;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// A file on disk that may have folios of 16 pages, and a process.
abstract class LargeFileScene {
    static final int SHARED = READ_WRITE | VmFlags.SHARED;
    static final int ORDER = 4;
    static final int PAGES = 1 << ORDER;

    @RegisterExtension final TestMachine machine = new TestMachine();
    final TestProcess process = machine.newProcess();
    @TempDir Path folder = Path.of("");

    final Path path() {
        return folder.resolve("file");
    }

    /// A file whose pages are filled with 1, 2 and so on.
    final FaultyDisk disk(int pageCount) throws IOException {
        return TestDisk.ofNumberedPages(path(), pageCount);
    }

    final OpenFile open(FaultyDisk disk) {
        return machine.machine().files().openStore(disk, disk.size(), ORDER);
    }

    /// A mapping of a folio whose every page was loaded.
    final long mapped(OpenFile file) {
        long address = process.mapFile(file, 0, PAGES, SHARED);
        process.assertRow(address, PAGES, 1);
        assertEquals(ORDER, order(file, 0));
        return address;
    }

    final int onDisk(int page) throws IOException {
        return Files.readAllBytes(path())[(int) PageSize.pageAddress(page)];
    }

    static int readByte(OpenFile file, int page) {
        byte[] content = new byte[PageSize.PAGE_SIZE];
        assertEquals(
                content.length,
                file.read(MemorySegment.ofArray(content), PageSize.pageAddress(page)));
        return content[100];
    }

    static void write(OpenFile file, int page, int pageCount, int value) {
        byte[] content = new byte[(int) PageSize.pageAddress(pageCount)];
        Arrays.fill(content, (byte) value);
        assertEquals(
                content.length,
                file.write(MemorySegment.ofArray(content), PageSize.pageAddress(page)));
    }

    static long bytes(int pageCount) {
        return PageSize.pageAddress(pageCount);
    }

    /// The order of the folio that the file has for a page; -1 if it has none.
    final int order(OpenFile file, int page) {
        long found = file.mapping().lookupPage(page);
        return found == Page.NONE ? -1 : machine.folios().order(found);
    }
}
