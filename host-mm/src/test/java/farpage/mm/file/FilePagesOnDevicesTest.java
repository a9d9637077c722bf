package farpage.mm.file;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.notifier.MmuIntervalNotifier;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestDisk;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import farpage.mm.zonedevice.PagecacheOps.PagecacheCopy;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// Pages of files that move to a device: what the page cache has in their place, and what brings
/// them back.
final class FilePagesOnDevicesTest {
    private static final int SHARED = READ_WRITE | VmFlags.SHARED;
    private static final int PAGES = 4;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestDevice device = machine.newPagecacheDevice(16);
    private final TestDevice plain = machine.newDevice(16);
    private final TestProcess process = machine.newProcess();
    @TempDir Path folder = Path.of("");

    @BeforeEach
    void filesMove() {
        files().setMode(FileBackedMode.MIGRATE);
    }

    private FilesOnDevices files() {
        return machine.machine().filesOnDevices();
    }

    private Path path() {
        return folder.resolve("file");
    }

    /// A file whose pages are filled with 1, 2 and so on.
    private FaultyDisk disk(int pageCount) throws IOException {
        return TestDisk.ofNumberedPages(path(), pageCount);
    }

    private OpenFile open(FaultyDisk disk) {
        return machine.machine().files().openStore(disk, disk.size());
    }

    private int onDisk(int page) throws IOException {
        return Files.readAllBytes(path())[(int) PageSize.pageAddress(page)];
    }

    /// Maps a file and moves all of it to a device.
    private long pulled(OpenFile file, TestDevice to) {
        long address = process.mapFile(file, 0, PAGES, SHARED);
        process.assertRow(address, PAGES, 1);
        assertEquals(PAGES, to.pull(process, address, PAGES));
        return address;
    }

    private static int readByte(OpenFile file, int page) {
        byte[] content = new byte[PageSize.PAGE_SIZE];
        assertEquals(
                content.length,
                file.read(MemorySegment.ofArray(content), PageSize.pageAddress(page)));
        return content[100];
    }

    private long count(FilesOnDevices.Event event) {
        return files().count(event);
    }

    private boolean isOnDevice(OpenFile file, int page) {
        return Page.isDevicePrivate(file.mapping().lookupPage(page));
    }

    @Test
    void pageOfAFileMovesWithItsPlaceAndIsNeverWritableToCpus() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            process.store(address, 9);
            process.load(page(address, 1));
            int moved =
                    process.withVma(
                            address,
                            vma -> {
                                MigrateVma migrate =
                                        TestDevice.setup(device.toDevice(2), vma, address, 2);
                                assertTrue(MigratePfn.isWritable(migrate.src(0)));
                                assertTrue(MigratePfn.isWritable(migrate.src(1)));
                                assertEquals(2, device.fillDevice(migrate));
                                return TestDevice.complete(migrate);
                            });
            assertEquals(2, moved);
            assertEquals(Shape.DEVICE_PRIVATE, process.shape(address));
            assertFalse(PageTableEntry.isWritableDevicePrivate(process.entry(address)));
            assertEquals(process.pageAt(address), file.mapping().lookupPage(0));
            assertEquals(9, device.load(process.pageAt(address)));
            assertEquals(2, process.mm().rss(RssCounter.FILE));
            machine.check();
        }
    }

    @Test
    @Tag("T-8.1")
    void dirtyPageIsWrittenBeforeItMoves() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            process.store(address, 9);
            assertEquals(1, onDisk(0));
            assertEquals(1, device.pull(process, address, 1));
            assertEquals(9, onDisk(0));
            assertFalse(machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY));
            assertEquals(1, count(FilesOnDevices.Event.CLEANED));
        }
    }

    @Test
    void withoutTheModePagesOfFilesStay() throws IOException {
        files().setMode(FileBackedMode.OFF);
        try (OpenFile file = open(disk(PAGES))) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            process.assertRow(address, PAGES, 1);
            assertEquals(0, device.pull(process, address, PAGES));
        }
    }

    @Test
    @Tag("T-8.2")
    void withoutTheCallbackDeviceWritesAreLostAndTheDisksDataIsSeen() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, plain);
            plain.write(process.pageAt(address), 50);
            assertEquals(1, readByte(file, 0));
            assertEquals(2, readByte(file, 1));
            assertEquals(1, process.load(address));
            assertEquals(1, count(FilesOnDevices.Event.WRITES_LOST));
            assertEquals(2, count(FilesOnDevices.Event.READ_AGAIN));
            assertEquals(Errno.EIO, file.fsync(), "the loss is told");
            assertEquals(Errno.OK, file.fsync(), "once");
        }
    }

    @Test
    void faultOfACpuBringsWhatTheDeviceWroteEvenWithoutTheCallback() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, plain);
            plain.write(process.pageAt(address), 50);
            assertEquals(50, process.load(address));
            assertEquals(Errno.OK, file.fsync());
            assertEquals(50, onDisk(0));
        }
    }

    @Test
    @Tag("T-8.3")
    void withoutSetDirtyTheDevicesDataIsSeenUntilThePageIsEvicted() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            device.forgetDirty();
            long address = pulled(file, device);
            device.write(process.pageAt(address), 50);
            assertEquals(50, readByte(file, 0));
            process.unmap(address, PAGES);
            assertTrue(machine.machine().reclaim().reclaim(1000) > 0);
            assertEquals(1, readByte(file, 0));
        }
    }

    @Test
    @Tag("T-8.4")
    void pageThatCanNotBeWrittenStaysWithItsEntryAndIsStillDirty() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = open(disk)) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            process.store(address, 9);
            process.load(page(address, 1));
            long entry = process.entry(address);
            disk.failWrites(1);
            assertEquals(1, device.pull(process, address, 2), "the clean one moves");
            assertEquals(entry, process.entry(address));
            assertEquals(9, process.load(address));
            assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY));
            assertEquals(Errno.EIO, file.fsync(), "the error is told once");
            assertEquals(9, onDisk(0), "and nothing is lost");
            assertEquals(1, device.pull(process, address, 1));
        }
    }

    @Test
    @Tag("T-8.5")
    void readBringsBackTheOnePage() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            assertEquals(3, readByte(file, 2));
            for (int i = 0; i < PAGES; i++) {
                assertEquals(i != 2, isOnDevice(file, i), "page " + i);
                assertEquals(
                        i == 2 ? Shape.PRESENT : Shape.DEVICE_PRIVATE,
                        process.shape(page(address, i)));
            }
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    @Tag("T-8.6")
    void writeOfAPartKeepsTheDevicesRest() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            device.write(process.pageAt(address), 50);
            byte[] part = {7, 7};
            assertEquals(2, file.write(MemorySegment.ofArray(part), 10));
            assertEquals(Errno.OK, file.fsync());
            byte[] content = Files.readAllBytes(path());
            assertArrayEquals(new byte[] {50, 7, 7, 50}, Arrays.copyOfRange(content, 9, 13));
            assertEquals(50, content[4095]);
            assertEquals(2, content[4096]);
        }
    }

    @Test
    @Tag("T-8.7")
    void truncationThrowsPagesBeyondTheEndAwayWhereTheyAre() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            device.write(process.pageAt(page(address, 1)), 50);
            assertEquals(Errno.OK, file.truncate(PageSize.PAGE_SIZE + 100));
            assertEquals(2, count(FilesOnDevices.Event.DISCARDED));
            assertEquals(15, device.freePageCount(), "the first page is still there");
            assertEquals(FaultResult.SIGBUS, process.tryLoad(page(address, 2)));
            assertEquals(Errno.OK, file.truncate(PageSize.pageAddress(PAGES)));
            assertEquals(0, process.load(page(address, 3)));
            assertEquals(Errno.OK, file.fsync());
            byte[] content = Files.readAllBytes(path());
            assertEquals(50, content[PageSize.PAGE_SIZE + 99]);
            assertEquals(0, content[PageSize.PAGE_SIZE + 100]);
        }
    }

    @Test
    @Tag("T-8.7")
    void truncationThatCanNotHaveThePageItCutsChangesNothing() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            device.answerPagecache(PagecacheCopy.FAILED);
            assertEquals(Errno.EIO, file.truncate(100));
            assertEquals(PageSize.pageAddress(PAGES), file.size());
            assertEquals(12, device.freePageCount());
            device.answerPagecache(PagecacheCopy.COPIED);
            assertEquals(Errno.OK, file.truncate(100));
            assertEquals(16, device.freePageCount());
            assertEquals(FaultResult.SIGBUS, process.tryLoad(page(address, 1)));
        }
    }

    @Test
    void holeThrowsWholePagesAwayAndBringsTheOthersBack() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            assertEquals(Errno.OK, file.punchHole(10, PageSize.pageAddress(3) - 10));
            assertEquals(2, count(FilesOnDevices.Event.DISCARDED));
            assertEquals(0, process.load(page(address, 2)));
            assertEquals(0, readByte(file, 0));
            assertTrue(isOnDevice(file, 3));
        }
    }

    @Test
    @Tag("T-8.8")
    void entriesOfAllProcessesMoveAndOneFaultBringsThemBack() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            process.assertRow(address, PAGES, 1);
            TestProcess other = machine.newProcess();
            long there = other.mapFile(file, 1, 2, SHARED);
            other.store(there, 2);
            assertEquals(PAGES, device.pull(process, address, PAGES));
            assertEquals(Shape.DEVICE_PRIVATE, other.shape(there));
            assertEquals(1, device.ramCalls() + 1);
            assertEquals(2, other.load(there));
            assertEquals(1, device.ramCalls());
            assertEquals(other.pageAt(there), process.pageAt(page(address, 1)));
            assertEquals(Shape.PRESENT, process.shape(page(address, 1)));
            assertEquals(Shape.DEVICE_PRIVATE, process.shape(page(address, 2)));
        }
    }

    @Test
    @Tag("T-8.9")
    void syncWritesWhatTheDeviceWroteAndLeavesCleanPagesThere() throws IOException {
        FaultyDisk disk = disk(PAGES);
        OpenFile file = open(disk);
        long address = pulled(file, device);
        device.write(process.pageAt(address), 50);
        assertEquals(Errno.OK, file.fsync());
        assertEquals(50, onDisk(0));
        assertEquals(1, disk.writtenPageCount());
        assertFalse(isOnDevice(file, 0));
        assertTrue(isOnDevice(file, 1));
        disk.crash();
        process.unmap(address, PAGES);
        file.close();
        assertEquals(50, onDisk(0), "what was synced survives the machine");
    }

    @Test
    @Tag("T-8.9")
    void failedWriteBackIsToldAndKeepsWhatTheDeviceWrote() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = open(disk)) {
            long address = pulled(file, device);
            device.write(process.pageAt(address), 50);
            disk.failWrites(1);
            assertEquals(Errno.EIO, file.fsync());
            assertEquals(50, process.load(address));
            assertEquals(1, onDisk(0));
            assertEquals(Errno.OK, file.fsync());
            assertEquals(50, onDisk(0));
        }
    }

    @Test
    @Tag("T-8.10")
    void faultAroundLeavesNeighboursOnTheDevice() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            pulled(file, device);
            TestProcess other = machine.newProcess();
            long there = other.mapFile(file, 0, PAGES, SHARED);
            assertEquals(2, other.load(page(there, 1)));
            assertEquals(Shape.NONE, other.shape(there));
            assertEquals(Shape.PRESENT, other.shape(page(there, 1)));
            assertTrue(isOnDevice(file, 0));
            assertTrue(isOnDevice(file, 2));
            assertEquals(1, count(FilesOnDevices.Event.FETCHED));
        }
    }

    @Test
    void lookUpThatFailsLeavesThePageOnTheDevice() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = open(disk)) {
            long address = pulled(file, device);
            device.write(process.pageAt(address), 50);
            device.answerPagecache(PagecacheCopy.FAILED);
            byte[] content = new byte[10];
            assertEquals(-Errno.EIO.number(), file.read(MemorySegment.ofArray(content), 0));
            assertEquals(-Errno.EIO.number(), file.write(MemorySegment.ofArray(content), 0));
            assertEquals(Errno.EIO, file.fsync());
            assertEquals(Shape.DEVICE_PRIVATE, process.shape(address));
            assertEquals(3, count(FilesOnDevices.Event.FETCH_FAILED));
            device.answerPagecache(PagecacheCopy.LOST);
            disk.failReads(1);
            assertEquals(-Errno.EIO.number(), file.read(MemorySegment.ofArray(content), 0));
            device.answerPagecache(PagecacheCopy.COPIED);
            assertEquals(50, readByte(file, 0));
        }
    }

    @Test
    void lookUpWithoutMemoryLeavesThePageOnTheDevice() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            List<Long> taken = new ArrayList<>();
            long frame = machine.machine().allocateFolio(0);
            while (frame != Page.NONE) {
                taken.add(frame);
                frame = machine.machine().allocateFolio(0);
            }
            byte[] content = new byte[10];
            assertEquals(-Errno.ENOMEM.number(), file.read(MemorySegment.ofArray(content), 0));
            assertEquals(Shape.DEVICE_PRIVATE, process.shape(address));
            taken.forEach(machine.machine()::put);
            assertEquals(1, readByte(file, 0));
        }
    }

    @Test
    void sharedMemoryMovesToADeviceThatCanGiveItBack() {
        long address = process.mapShared(PAGES);
        process.storeRow(address, PAGES, 1);
        assertEquals(0, plain.pull(process, address, PAGES));
        assertEquals(PAGES, device.pull(process, address, PAGES));
        assertEquals(PAGES, process.mm().rss(RssCounter.SHMEM));
        device.write(process.pageAt(address), 50);
        TestProcess child = process.fork();
        assertEquals(50, child.load(address));
        child.store(address, 51);
        assertEquals(51, process.load(address));
        process.assertRow(page(address, 1), PAGES - 1, 2);
    }

    @Test
    void privateMappingFollowsTheFilesPageAndCopiesItOnAStore() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long copied = process.mapFile(file, 0, PAGES, READ_WRITE);
            process.assertRow(copied, PAGES, 1);
            assertEquals(0, device.pull(process, copied, PAGES), "not through a private mapping");
            long address = pulled(file, device);
            assertEquals(Shape.DEVICE_PRIVATE, process.shape(copied));
            process.store(copied, 60);
            assertEquals(60, process.load(copied));
            assertEquals(1, process.load(address));
            assertEquals(Errno.OK, file.fsync());
            assertEquals(1, onDisk(0));
        }
    }

    @Test
    void pagesWithoutAMappingStayOnTheDeviceAndMincoreBringsThemBack() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            process.unmap(address, PAGES);
            assertEquals(12, device.freePageCount());
            machine.check();
            long again = process.mapFile(file, 0, PAGES, SHARED);
            byte[] here = new byte[1];
            assertEquals(Errno.OK, process.mm().mincore(again, PageSize.PAGE_SIZE, here));
            assertEquals(1, here[0]);
            assertFalse(isOnDevice(file, 0));
            file.mapping().readAhead(1, 2);
            assertFalse(isOnDevice(file, 1));
            assertEquals(2, device.evict());
            process.assertRow(again, PAGES, 1);
        }
    }

    @Test
    void closingTheFileWritesWhatTheDeviceWroteAndFreesItsPages() throws IOException {
        OpenFile file = open(disk(PAGES));
        long address = pulled(file, device);
        device.write(process.pageAt(page(address, 3)), 50);
        file.close();
        process.unmap(address, PAGES);
        assertEquals(50, onDisk(3));
        assertEquals(16, device.freePageCount());
    }

    /// The page that is cut would go to the device again while others are unmapped, and could not
    /// be had back then, when the file is shorter already.
    @Test
    @Tag("T-8.7")
    void pageThatIsCutCanNotGoToADeviceAgainBeforeItIs() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = pulled(file, device);
            AtomicInteger pulled = new AtomicInteger(-1);
            MmuIntervalNotifier notifier =
                    process.onInvalidation(
                            page(address, 1),
                            () -> {
                                if (!isOnDevice(file, 0)) {
                                    pulled.set(device.pull(process, address, 1));
                                    device.answerPagecache(PagecacheCopy.FAILED);
                                }
                            });
            assertEquals(Errno.OK, file.truncate(100));
            notifier.close();
            assertEquals(0, pulled.get());
            assertEquals(100, Files.size(path()));
            assertEquals(16, device.freePageCount());
            assertEquals(Errno.OK, file.truncate(PageSize.pageAddress(2)));
            assertEquals(0, readByte(file, 1));
            assertEquals(0, readByte(file, 0));
        }
    }
}
