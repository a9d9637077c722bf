package farpage.mm.file;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// Mappings of files on the host's disk: what is read in, what is written back, and what happens
/// when that fails.
final class DiskFileTest {
    private static final int SHARED = READ_WRITE | VmFlags.SHARED;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestProcess process = machine.newProcess();
    @TempDir Path folder = Path.of("");

    /// A file whose pages are filled with 1, 2 and so on.
    private Path file(int pageCount) throws IOException {
        byte[] content = new byte[(int) PageSize.pageAddress(pageCount)];
        for (int i = 0; i < pageCount; i++) {
            int start = (int) PageSize.pageAddress(i);
            Arrays.fill(content, start, start + PageSize.PAGE_SIZE, (byte) (i + 1));
        }
        return Files.write(folder.resolve("file"), content);
    }

    private OpenFile open(Path path) throws IOException {
        return machine.machine().files().open(path, true);
    }

    @Test
    void mappingShowsWhatIsOnDisk() throws IOException {
        try (OpenFile file = open(file(3))) {
            long address = process.mapFile(file, 1, 2, VmFlags.READ | VmFlags.SHARED);
            process.assertRow(address, 2, 2);
            assertEquals(2, process.mm().rss(RssCounter.FILE));
            assertEquals(2, file.mapping().cachedPageCount());
        }
    }

    @Test
    void loadMapsReadOnlySoThatTheFirstStoreIsNoticed() throws IOException {
        try (OpenFile file = open(file(1))) {
            long address = process.mapFile(file, 0, 1, SHARED);
            process.load(address);
            long page = process.pageAt(address);
            assertFalse(PageTableEntry.isWritable(process.entry(address)));
            assertFalse(machine.folios().hasFlag(page, FolioFlags.DIRTY));
            process.store(address, 9);
            assertTrue(PageTableEntry.isWritable(process.entry(address)));
            assertTrue(machine.folios().hasFlag(page, FolioFlags.DIRTY));
        }
    }

    @Test
    void syncWritesDirtyPagesAndProtectsThem() throws IOException {
        Path path = file(2);
        try (OpenFile file = open(path)) {
            long address = process.mapFile(file, 0, 2, SHARED);
            process.store(address, 9);
            EventLog log = new EventLog(process.mm());
            assertEquals(Errno.OK, file.fsync());
            assertEquals(9, Files.readAllBytes(path)[100]);
            assertEquals(2, Files.readAllBytes(path)[PageSize.PAGE_SIZE]);
            assertTrue(log.takeEvents().contains(MmuNotifierRange.Event.PROTECTION_PAGE));
            log.close();
            assertFalse(PageTableEntry.isWritable(process.entry(address)));
            assertFalse(PageTableEntry.isDirty(process.entry(address)));
            process.store(address, 10);
            assertEquals(Errno.OK, file.fsync());
            assertEquals(10, Files.readAllBytes(path)[100]);
        }
    }

    @Test
    void protectionGivesWriteBackOnlyToPagesThatAreKnownToBeDirty() throws IOException {
        try (OpenFile file = open(file(2))) {
            long address = process.mapFile(file, 0, 2, SHARED);
            process.store(address, 1);
            process.load(page(address, 1));
            process.protect(address, 2, VmFlags.READ);
            process.protect(address, 2, READ_WRITE);
            assertTrue(PageTableEntry.isWritable(process.entry(address)));
            assertFalse(PageTableEntry.isWritable(process.entry(page(address, 1))));
        }
    }

    @Test
    void whatWasStoredIsOnDiskWhenTheLastMappingIsGone() throws IOException {
        Path path = file(2);
        OpenFile file = open(path);
        long address = process.mapFile(file, 0, 2, SHARED);
        file.close();
        process.store(page(address, 1), 8);
        process.unmap(address, 2);
        assertEquals(8, Files.readAllBytes(path)[PageSize.PAGE_SIZE]);
        assertTrue(machine.machine().files().files().isEmpty());
    }

    @Test
    void privateStoresNeverReachTheFile() throws IOException {
        Path path = file(2);
        byte[] before = Files.readAllBytes(path);
        try (OpenFile file = open(path)) {
            long address = process.mapFile(file, 0, 2, READ_WRITE);
            process.storeRow(address, 2, 50);
            assertEquals(Errno.OK, file.fsync());
        }
        assertArrayEquals(before, Files.readAllBytes(path));
    }

    @Test
    void twoOpeningsShareThePages() throws IOException {
        Path path = file(1);
        try (OpenFile one = open(path);
                OpenFile two = machine.machine().files().open(path, false)) {
            long address = process.mapFile(two, 0, 1, VmFlags.READ | VmFlags.SHARED);
            assertEquals(1, process.load(address));
            byte[] content = new byte[PageSize.PAGE_SIZE];
            Arrays.fill(content, (byte) 7);
            assertEquals(content.length, one.write(MemorySegment.ofArray(content), 0));
            assertEquals(7, process.load(address));
            assertEquals(Errno.EINVAL, two.truncate(0));
        }
    }

    @Test
    void growingFileGetsZerosWhereAMappingStoredBeyondItsEnd() throws IOException {
        Path path = Files.write(folder.resolve("short"), new byte[] {1, 2, 3});
        try (OpenFile file = open(path)) {
            long address = process.mapFile(file, 0, 1, SHARED);
            process.store(address, 5);
            byte[] last = {6};
            assertEquals(1, file.write(MemorySegment.ofArray(last), 9));
            assertEquals(Errno.OK, file.fsync());
        }
        assertArrayEquals(new byte[] {5, 5, 5, 0, 0, 0, 0, 0, 0, 6}, Files.readAllBytes(path));
    }

    @Test
    void truncationCutsTheFileOnDisk() throws IOException {
        Path path = file(3);
        try (OpenFile file = open(path)) {
            long address = process.mapFile(file, 0, 3, SHARED);
            process.store(page(address, 2), 9);
            assertEquals(Errno.OK, file.truncate(10));
            assertEquals(10, Files.size(path));
            assertEquals(FaultResult.SIGBUS, process.tryLoad(page(address, 2)));
            assertEquals(Errno.OK, file.truncate(PageSize.pageAddress(2)));
            assertEquals(0, process.load(page(address, 1)));
            assertEquals(Errno.OK, file.punchHole(0, 5));
        }
        byte[] content = Files.readAllBytes(path);
        assertEquals(PageSize.pageAddress(2), content.length);
        assertEquals(0, content[4]);
        assertEquals(1, content[5]);
        assertEquals(0, content[10]);
    }

    /// Fails when told so.
    private static final class BrokenStore implements BackingStore {
        private boolean readable = true;
        private boolean writable = true;

        @Override
        public boolean isShmem() {
            return false;
        }

        @Override
        public void readPage(long index, MemorySegment page) throws IOException {
            check(readable);
            page.fill((byte) 1);
        }

        @Override
        public void writePage(long index, MemorySegment bytes) throws IOException {
            check(writable);
        }

        private static void check(boolean works) throws IOException {
            if (!works) {
                throw new IOException("broken on purpose");
            }
        }

        @Override
        public void setSize(long size) {}

        @Override
        public void punchHole(long start, long end) {}

        @Override
        public void flush() {}

        @Override
        public void close() {}
    }

    @Test
    void pageThatCanNotBeReadIsABusError() {
        BrokenStore store = new BrokenStore();
        try (OpenFile file = machine.machine().files().openStore(store, PageSize.PAGE_SIZE)) {
            long address = process.mapFile(file, 0, 1, SHARED);
            store.readable = false;
            assertEquals(FaultResult.SIGBUS, process.tryLoad(address));
            assertEquals(-Errno.EIO.number(), file.read(MemorySegment.ofArray(new byte[1]), 0));
            store.readable = true;
            assertEquals(1, process.load(address));
        }
    }

    @Test
    void failedWriteBackIsReportedOnceToEachOpening() {
        BrokenStore store = new BrokenStore();
        try (OpenFile file = machine.machine().files().openStore(store, PageSize.PAGE_SIZE);
                OpenFile other = machine.machine().files().reopen(file, true)) {
            long address = process.mapFile(file, 0, 1, SHARED);
            process.store(address, 2);
            store.writable = false;
            assertEquals(Errno.EIO, file.fsync());
            store.writable = true;
            assertEquals(Errno.OK, file.fsync());
            assertEquals(Errno.EIO, other.fsync());
            assertEquals(Errno.OK, other.fsync());
        }
    }
}
