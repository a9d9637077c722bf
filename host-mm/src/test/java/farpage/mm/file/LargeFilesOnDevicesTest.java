package farpage.mm.file;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestProcess;
import farpage.mm.zonedevice.PagecacheOps.PagecacheCopy;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Large folios of files that move to a device: as one where it can take them so, else in pieces.
final class LargeFilesOnDevicesTest extends LargeFileScene {
    private final TestDevice device = machine.newPagecacheDevice(64);
    private final TestDevice plain = machine.newDevice(64);

    @BeforeEach
    void filesMove() {
        files().setMode(FileBackedMode.MIGRATE);
        device.useOrders(FolioOrders.ALL);
        plain.useOrders(FolioOrders.ALL);
    }

    private FilesOnDevices files() {
        return machine.machine().filesOnDevices();
    }

    private boolean isOnDevice(OpenFile file, int page) {
        return Page.isDevicePrivate(file.mapping().lookupPage(page));
    }

    private long pulled(OpenFile file, TestDevice to) {
        long address = mapped(file);
        assertEquals(PAGES, moved(to, address));
        assertEquals(ORDER, order(file, 0));
        assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, PAGES - 1)));
        return address;
    }

    /// Pages that a device has after it was told to take a folio.
    private int moved(TestDevice to, long address) {
        int before = to.freePageCount();
        to.pull(process, address, PAGES);
        return before - to.freePageCount();
    }

    /// All frames of the system that are free, but for base pages here and there.
    private List<Long> scatter(int kept) {
        List<Long> taken = new ArrayList<>();
        for (long frame = machine.machine().tryAllocateFolio(0);
                frame != Page.NONE;
                frame = machine.machine().tryAllocateFolio(0)) {
            taken.add(frame);
        }
        for (int i = 0; i < kept; i++) {
            machine.machine().put(taken.remove(i * 2));
        }
        return taken;
    }

    @Test
    @Tag("T-8.1")
    void folioMovesAsOneAndAFaultBringsItBackAsOne() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            assertEquals(process.pageAt(address) + 9, process.pageAt(page(address, 9)));
            assertEquals(PAGES, process.mm().rss(RssCounter.FILE));
            device.write(process.pageAt(page(address, 9)), 50);
            assertEquals(50, process.load(page(address, 9)));
            assertEquals(ORDER, order(file, 0));
            assertFalse(isOnDevice(file, 0));
            assertEquals(1, device.ramCalls());
            assertEquals(Errno.OK, file.fsync());
            assertEquals(50, onDisk(9));
            assertEquals(9, onDisk(8));
        }
    }

    @Test
    @Tag("T-8.5")
    void lookUpBringsTheFolioBack() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            device.write(process.pageAt(page(address, 3)), 50);
            assertEquals(50, readByte(file, 3));
            assertFalse(isOnDevice(file, 15));
            assertEquals(ORDER, order(file, 15));
            assertEquals(PAGES, files().count(FilesOnDevices.Event.FETCHED));
            assertEquals(Shape.PRESENT, process.shape(page(address, 12)));
            assertEquals(64, device.freePageCount());
        }
    }

    @Test
    void lookUpWithoutALargeFolioBringsThePageAlone() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            List<Long> taken = scatter(5);
            assertEquals(4, readByte(file, 3));
            assertFalse(isOnDevice(file, 3));
            assertTrue(isOnDevice(file, 4));
            assertEquals(0, order(file, 4));
            assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, 4)));
            assertEquals(1, files().count(FilesOnDevices.Event.FETCHED));
            taken.forEach(machine.machine()::put);
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    void deviceWithoutTheOrderGetsPieces() throws IOException {
        device.useOrders(FolioOrders.of(0, 2));
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            assertEquals(PAGES, moved(device, address));
            assertEquals(2, order(file, 0));
            assertTrue(isOnDevice(file, 15));
            device.evict();
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    void deviceOfBasePagesGetsBasePages() throws IOException {
        device.useOrders(FolioOrders.BASE);
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            assertEquals(PAGES, moved(device, address));
            assertEquals(0, order(file, 0));
            assertEquals(4, readByte(file, 3));
            assertTrue(isOnDevice(file, 2));
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    void deviceOfHugePagesTakesAHugeFolioOfAFileWhole() throws IOException {
        TestDevice huge = machine.newPagecacheDevice(PageSize.ENTRIES_PER_TABLE);
        huge.useOrders(FolioOrders.PMD);
        int pageCount = PageSize.ENTRIES_PER_TABLE;
        FaultyDisk disk = disk(pageCount);
        try (OpenFile file =
                machine.machine().files().openStore(disk, disk.size(), PageSize.HPAGE_PMD_ORDER)) {
            long address = process.mapFile(file, 0, pageCount, SHARED);
            process.assertRow(address, pageCount, 1);
            huge.pull(process, address, pageCount);
            assertEquals(0, huge.freePageCount());
            assertEquals(PageSize.HPAGE_PMD_ORDER, order(file, 0));
            assertEquals(8, readByte(file, 7));
            assertEquals(pageCount, huge.freePageCount());
            assertEquals(PageSize.HPAGE_PMD_ORDER, order(file, 0));
            huge.pull(process, address, pageCount);
            assertEquals(8, process.load(page(address, 7)));
            assertEquals(1, huge.freePageCount(), "a page that has an entry comes back alone");
            process.assertRow(address, pageCount, 1);
        }
    }

    @Test
    void folioThatIsMappedInPartIsCutFirst() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            readByte(file, 0);
            long address = process.mapFile(file, 2, 4, SHARED);
            process.assertRow(address, 4, 3);
            assertEquals(4, device.pull(process, address, 4));
            assertTrue(isOnDevice(file, 2));
            assertFalse(isOnDevice(file, 6));
            process.assertRow(address, 4, 3);
        }
    }

    @Test
    @Tag("T-8.4")
    void folioThatCanNotBeWrittenStaysWholeAndDirty() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = open(disk)) {
            long address = mapped(file);
            process.store(page(address, 7), 50);
            disk.failWrites(1);
            assertEquals(0, moved(device, address));
            assertEquals(ORDER, order(file, 0));
            assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY));
            assertEquals(50, process.load(page(address, 7)));
            assertEquals(PAGES, moved(device, address));
            assertEquals(50, onDisk(7));
        }
    }

    @Test
    @Tag("T-8.2")
    void withoutTheCallbackTheFolioIsReadAgain() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, plain);
            plain.write(process.pageAt(page(address, 3)), 50);
            assertEquals(4, readByte(file, 3));
            assertEquals(PAGES, files().count(FilesOnDevices.Event.WRITES_LOST));
            assertEquals(Errno.EIO, file.fsync());
        }
    }

    @Test
    void failureOnTheWayBackLeavesTheFolioOnTheDevice() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            device.write(process.pageAt(address), 50);
            device.answerPagecache(PagecacheCopy.FAILED);
            byte[] content = new byte[1];
            assertEquals(-Errno.EIO.number(), file.read(MemorySegment.ofArray(content), 5));
            assertEquals(Errno.EIO, file.truncate(bytes(4)), "the cut folio can not be had");
            assertEquals(ORDER, order(file, 0));
            machine.check();
            device.answerPagecache(PagecacheCopy.COPIED);
            assertEquals(50, readByte(file, 0));
        }
    }

    @Test
    @Tag("T-8.6")
    void writeOfAPartKeepsTheRestOfTheFolio() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            device.write(process.pageAt(page(address, 2)), 50);
            assertEquals(2, file.write(MemorySegment.ofArray(new byte[] {7, 7}), bytes(2) + 10));
            assertEquals(Errno.OK, file.fsync());
            assertEquals(50, onDisk(2));
            assertEquals(4, onDisk(3));
            assertEquals(50, readByte(file, 2));
        }
    }

    @Test
    @Tag("T-8.7")
    void truncationBringsTheFolioThatItCutsBackAndThrowsOthersAway() throws IOException {
        FaultyDisk disk = disk(2 * PAGES);
        try (OpenFile file = open(disk)) {
            long address = process.mapFile(file, 0, 2 * PAGES, SHARED);
            process.assertRow(address, 2 * PAGES, 1);
            device.pull(process, address, 2 * PAGES);
            assertEquals(32, device.freePageCount());
            device.write(process.pageAt(page(address, 3)), 50);
            assertEquals(Errno.OK, file.truncate(bytes(8)));
            assertEquals(PAGES, files().count(FilesOnDevices.Event.DISCARDED));
            assertEquals(64, device.freePageCount());
            assertEquals(3, order(file, 0));
            assertEquals(50, process.load(page(address, 3)));
        }
    }

    @Test
    @Tag("T-8.8")
    void entriesOfAllProcessesMove() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            TestProcess other = machine.newProcess();
            long there = other.mapFile(file, 3, 2, SHARED);
            other.assertRow(there, 2, 4);
            assertEquals(PAGES, moved(device, address));
            assertEquals(Shape.DEVICE_PRIVATE, other.shape(there));
            assertEquals(process.pageAt(page(address, 3)), other.pageAt(there));
            other.store(there, 60);
            assertEquals(60, process.load(page(address, 3)));
        }
    }

    @Test
    @Tag("T-8.9")
    void syncWritesAFolioThatTheDeviceWroteAndLeavesACleanOne() throws IOException {
        FaultyDisk disk = disk(2 * PAGES);
        try (OpenFile file = open(disk)) {
            long address = process.mapFile(file, 0, 2 * PAGES, SHARED);
            process.assertRow(address, 2 * PAGES, 1);
            device.pull(process, address, 2 * PAGES);
            device.write(process.pageAt(page(address, 3)), 50);
            assertEquals(Errno.OK, file.fsync());
            assertEquals(50, onDisk(3));
            assertEquals(PAGES, disk.writtenPageCount());
            assertTrue(isOnDevice(file, PAGES));
            assertFalse(isOnDevice(file, 0));
        }
    }

    @Test
    void withoutTheModeTheFolioIsCutAndItsPagesStay() throws IOException {
        files().setMode(FileBackedMode.OFF);
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            assertEquals(0, device.pull(process, address, PAGES));
            assertEquals(64, device.freePageCount());
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    void withCopiesTheFolioStaysAsItIs() throws IOException {
        files().setMode(FileBackedMode.COPY);
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            assertEquals(0, device.pull(process, address, PAGES));
            assertEquals(ORDER, order(file, 0));
            assertEquals(Shape.PRESENT, process.shape(address));
        }
    }
}
