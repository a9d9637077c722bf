package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.file.FilesOnDevices;
import farpage.mm.memoryfailure.Recovery;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Large folios of a file move to a device as such, and come back by faults and look-ups.
abstract class LargeFileMigrationContract extends LargeFileContract {
    private void assertWholeOnDevice() {
        assertEquals(PAGES, pagesOnDevice());
        for (int page = 0; page < PAGES; page++) {
            assertEquals(ORDER, order(page), "page " + page);
        }
    }

    @Test
    @Tag("T-8.1")
    void foliosMoveAsTheyAreAndAFaultBringsOneBack() throws IOException {
        assertMigrates(device0, address, PAGES);
        assertWholeOnDevice();
        deviceWrites(device0, 0, PAGES, 7, 0);
        assertCpuReads(page(address, 5), pages(5, 1));
        assertEquals(PAGES - FOLIO, pagesOnDevice());
        assertEquals(ORDER, order(5));
        assertEquals(Errno.OK, file.fsync());
        assertOnDisk(data);
        assertEquals(0, pagesOnDevice(), "the device wrote all of it");
        assertMigrates(device0, address, PAGES);
        assertWholeOnDevice();
        assertEquals(Errno.OK, migrateToSystem(device0, address, PAGES).errno());
        assertEquals(ORDER, order(0));
        assertCpuReads(address, data);
        closeFile();
    }

    @Test
    @Tag("T-8.5")
    void readBringsBackTheFolio() {
        assertMigrates(device0, address, PAGES);
        assertReads(5L * PAGE + 10, data.asSlice(5L * PAGE + 10, 100));
        assertEquals(PAGES - FOLIO, pagesOnDevice());
        assertEquals(FOLIO, count(FilesOnDevices.Event.FETCHED));
        assertDeviceReads(device0, address, data, 1);
        closeFile();
    }

    @Test
    @Tag("T-8.7")
    void truncationCutsTheFolioAtTheEndAndFreesTheOthersOnTheDevice() throws IOException {
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 0, 30, 9, 0);
        assertEquals(Errno.OK, file.truncate(20L * PAGE));
        assertEquals(FOLIO, pagesOn(0));
        assertEquals(2L * FOLIO, count(FilesOnDevices.Event.DISCARDED));
        assertEquals(2, order(FOLIO));
        assertReads(0, pages(0, 20));
        assertEquals(Errno.OK, file.fsync());
        assertOnDisk(pages(0, 20));
        closeFile();
    }

    @Test
    void copyThatFailsLeavesTheFolioOnTheDevice() {
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 0, 1, 6, 0);
        faults.failNext(CallKind.READ, 100, ClError.OUT_OF_RESOURCES);
        assertEquals(-Errno.EIO.number(), file.read(buffer(1), 3L * PAGE));
        assertEquals(Errno.EIO, file.truncate(3L * PAGE));
        assertEquals(Errno.EIO, file.fsync());
        assertTrue(isOnDevice(0));
        assertEquals(ORDER, order(0));
        var _ = faults.forgetPlanned();
        assertReads(0, data);
        closeFile();
    }

    @Test
    void pageThatBreaksIsCutOutOfItsFolio() {
        emulator.device(0).setHandlesMemoryFailure(true);
        assertMigrates(device0, address, PAGES);
        assertEquals(Recovery.RECOVERED, fail(file.mapping().lookupPage(6)));
        assertEquals(PAGES - 1, pagesOn(0));
        assertEquals(0, order(5));
        assertTrue(isOnDevice(5));
        assertEquals(ORDER, order(FOLIO));
        assertReads(0, data);
        closeFile();
    }

    /// The store has what the device had of all its pages.
    @Test
    void folioWithABrokenPageThatCouldNotBeCutIsReadAgain() {
        emulator.device(0).setHandlesMemoryFailure(true);
        assertMigrates(device0, address, PAGES);
        long broken = file.mapping().lookupPage(6);
        emulator.machine().folios().get(broken);
        assertEquals(Recovery.FAILED, fail(broken));
        emulator.machine().put(broken);
        assertEquals(ORDER, order(6));
        assertReads(0, data);
        assertEquals(FOLIO, count(FilesOnDevices.Event.READ_AGAIN));
        assertEquals(0, pagesOn(0));
        closeFile();
    }

    private Recovery fail(long page) {
        return emulator.machine().memoryFailure().fail(page).recovery();
    }

    @Test
    void evictionBringsFoliosBackAndTheOtherDeviceTakesThem() {
        assertMigrates(device0, address, PAGES);
        deviceWrites(device0, 3, 2, 6, 0);
        device0.close();
        assertFalse(isOnDevice(3));
        assertEquals(ORDER, order(3));
        assertMigrates(device1, address, PAGES);
        assertEquals(PAGES, pagesOn(1));
        MemorySegment one = pattern(1, 44);
        cpuWrites(page(address, 20), one);
        MemorySegment.copy(one, 0, data, 20L * PAGE, PAGE);
        assertDeviceReads(device1, address, data, 1);
        closeFile();
    }
}
