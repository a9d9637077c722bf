package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import farpage.mm.Errno;
import farpage.mm.file.FileBackedMode;
import farpage.mm.file.FilesOnDevices;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Devices have copies of the pages of large folios, each page of its own.
abstract class LargeFileCopyContract extends LargeFileContract {
    @Override
    FileBackedMode mode() {
        return FileBackedMode.COPY;
    }

    @Test
    void foliosStayWholeAndAStoreDropsTheCopyOfItsPage() {
        assertMigrates(device0, address, PAGES);
        assertEquals(PAGES, pagesOn(0));
        assertEquals(ORDER, order(0));
        assertDeviceReads(device0, address, data, 0);
        cpuWrites(page(address, 3), pattern(1, 40));
        MemorySegment.copy(pattern(1, 40), 0, data, 3L * PAGE, PAGE);
        assertEquals(PAGES - 1, pagesOn(0));
        assertEquals(ORDER, order(3));
        assertDeviceReads(device0, address, data, 1);
        assertMigrates(device0, address, PAGES);
        assertEquals(PAGES, pagesOn(0));
        assertEquals(PAGES + 1, count(FilesOnDevices.Event.COPIED));
        closeFile();
    }

    @Test
    @Tag("T-8.11")
    void writeAndTruncationDropTheCopiesOfTheirPages() {
        assertMigrates(device0, address, PAGES);
        MemorySegment part = pattern(3, 50);
        assertEquals(3L * PAGE, file.write(part, 2L * PAGE));
        MemorySegment.copy(part, 0, data, 2L * PAGE, 3L * PAGE);
        assertEquals(PAGES - 3, pagesOn(0));
        assertEquals(Errno.OK, file.truncate(20L * PAGE));
        assertEquals(17, pagesOn(0));
        assertEquals(2, order(FOLIO));
        assertDeviceReads(device0, address, pages(0, 20), 1);
        closeFile();
    }
}
