package farpage.mm.file;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/// Mappings of shared memory: with a name (memfd) and without, shared and private.
final class SharedMemoryTest {
    private static final int SHARED = READ_WRITE | VmFlags.SHARED;

    @RegisterExtension final TestMachine machine = new TestMachine();
    private final TestProcess process = machine.newProcess();

    private OpenFile memfd(int pageCount) {
        OpenFile file = machine.machine().files().memfd();
        assertEquals(Errno.OK, file.truncate(PageSize.pageAddress(pageCount)));
        return file;
    }

    private static void put(OpenFile file, long offset, int... bytes) {
        byte[] content = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            content[i] = (byte) bytes[i];
        }
        assertEquals(bytes.length, file.write(MemorySegment.ofArray(content), offset));
    }

    private static byte[] get(OpenFile file, long offset, int length) {
        byte[] content = new byte[length];
        assertEquals(length, file.read(MemorySegment.ofArray(content), offset));
        return content;
    }

    @Test
    void parentAndChildSeeEachOthersStores() {
        long address = process.mapShared(4);
        process.store(address, 1);
        TestProcess child = process.fork();
        assertEquals(1, child.load(address));
        child.store(page(address, 1), 2);
        assertEquals(2, process.load(page(address, 1)));
        assertEquals(process.pageAt(address), child.pageAt(address));
    }

    @Test
    void forkCopiesNoEntriesOfSharedMemory() {
        long address = process.mapShared(2);
        process.store(address, 1);
        TestProcess child = process.fork();
        assertEquals(Shape.NONE, child.shape(address));
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertEquals(0, child.mm().rss(RssCounter.SHMEM));
    }

    @Test
    void loadOfAHoleMakesAPageThatStoresNeedNoFaultFor() {
        long address = process.mapShared(1);
        assertEquals(0, process.load(address));
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        assertFalse(PageTableEntry.isDirty(process.entry(address)));
        assertEquals(1, process.mm().rss(RssCounter.SHMEM));
        assertEquals(0, process.mm().rss(RssCounter.ANON));
        long faults = process.cpu().faultCount();
        process.store(address, 3);
        assertEquals(faults, process.cpu().faultCount());
    }

    @Test
    void loadMapsThePagesAroundItThatAreInRam() {
        try (OpenFile file = memfd(64)) {
            put(file, PageSize.pageAddress(15), 1);
            put(file, PageSize.pageAddress(16), 1);
            put(file, PageSize.pageAddress(20), 1);
            put(file, PageSize.pageAddress(31), 1);
            put(file, PageSize.pageAddress(32), 1);
            long address = 1L << 30;
            assertEquals(
                    Errno.OK,
                    process.mm().mmapFixed(address, PageSize.pageAddress(64), SHARED, file, 0));
            process.load(page(address, 17));
            for (int i : new int[] {16, 17, 20, 31}) {
                assertEquals(Shape.PRESENT, process.shape(page(address, i)), "page " + i);
            }
            for (int i : new int[] {15, 18, 32}) {
                assertEquals(Shape.NONE, process.shape(page(address, i)), "page " + i);
            }
            assertEquals(4, process.mm().rss(RssCounter.SHMEM));
        }
    }

    @Test
    void pagesAroundAreMappedWithinTheVmaOnly() {
        try (OpenFile file = memfd(8)) {
            put(file, 0, new int[(int) PageSize.pageAddress(8)]);
            long address = 1L << 30;
            process.mm().mmapFixed(address, PageSize.pageAddress(8), SHARED, file, 0);
            process.protect(page(address, 3), 2, VmFlags.READ);
            process.load(page(address, 4));
            assertEquals(Shape.NONE, process.shape(page(address, 2)));
            assertEquals(Shape.PRESENT, process.shape(page(address, 3)));
            assertEquals(Shape.NONE, process.shape(page(address, 5)));
        }
    }

    @Test
    void populatingForWritingMakesAPageDirtyThatIsMappedWritable() {
        long address = process.mapShared(1);
        process.load(address);
        Errno populated = process.mm().madvise(address, PageSize.PAGE_SIZE, Advice.POPULATE_WRITE);
        assertEquals(Errno.OK, populated);
        assertFalse(PageTableEntry.isDirty(process.entry(address)));
        assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY));
    }

    @Test
    void fileKeepsWhatAnEntryKnewOfAccesses() {
        long address = process.mapShared(2);
        process.store(address, 1);
        process.load(page(address, 1));
        long first = process.pageAt(address);
        long second = process.pageAt(page(address, 1));
        process.mm().madvise(page(address, 1), PageSize.PAGE_SIZE, Advice.RANDOM);
        process.mm().madvise(address, PageSize.pageAddress(2), Advice.DONTNEED);
        assertTrue(machine.folios().hasFlag(first, FolioFlags.DIRTY));
        assertTrue(machine.folios().hasFlag(first, FolioFlags.REFERENCED));
        assertFalse(machine.folios().hasFlag(second, FolioFlags.REFERENCED));
        process.load(address);
        process.mm().madvise(address, PageSize.PAGE_SIZE, Advice.DONTNEED);
        assertTrue(machine.folios().hasFlag(first, FolioFlags.ACTIVE));
        assertFalse(machine.folios().hasFlag(first, FolioFlags.REFERENCED));
    }

    @Test
    void windowThatTheVmaCutsAtItsStartReachesPastTheNextMultiple() {
        try (OpenFile file = memfd(64)) {
            put(file, PageSize.pageAddress(20), 1);
            put(file, PageSize.pageAddress(24), 1);
            put(file, PageSize.pageAddress(25), 1);
            long address = 1L << 30;
            process.mm().mmapFixed(address, PageSize.pageAddress(64), SHARED, file, 0);
            process.protect(address, 9, VmFlags.READ);
            process.load(page(address, 9));
            assertEquals(Shape.PRESENT, process.shape(page(address, 20)));
            assertEquals(Shape.PRESENT, process.shape(page(address, 24)));
            assertEquals(Shape.NONE, process.shape(page(address, 25)));
        }
    }

    @Test
    void privateMappingShowsTheFileUntilItIsStoredTo() {
        try (OpenFile file = memfd(2)) {
            long address = process.mapFile(file, 0, 2, READ_WRITE);
            assertEquals(0, process.load(address));
            assertFalse(PageTableEntry.isWritable(process.entry(address)));
            put(file, 0, new int[PageSize.PAGE_SIZE]);
            process.store(address, 7);
            assertEquals(7, process.load(address));
            assertEquals(0, get(file, 0, 1)[0]);
            assertEquals(1, process.mm().rss(RssCounter.ANON));
            assertEquals(0, process.mm().rss(RssCounter.SHMEM));
            assertTrue(machine.folios().isAnonymous(process.pageAt(address)));
        }
    }

    @Test
    void storeToAnUntouchedPrivatePageMapsACopyAtOnce() {
        try (OpenFile file = memfd(1)) {
            put(file, 5, 9);
            long address = process.mapFile(file, 0, 1, READ_WRITE);
            byte[] one = {4};
            assertEquals(
                    FaultResult.HANDLED, process.cpu().write(address, MemorySegment.ofArray(one)));
            assertEquals(1, process.cpu().faultCount());
            byte[] found = new byte[6];
            process.cpu().read(address, MemorySegment.ofArray(found));
            assertEquals(4, found[0]);
            assertEquals(9, found[5]);
            assertEquals(0, get(file, 0, 1)[0]);
        }
    }

    @Test
    void privateCopiesAreCopiedOnWriteByFork() {
        try (OpenFile file = memfd(2)) {
            long address = process.mapFile(file, 0, 2, READ_WRITE);
            process.store(address, 1);
            process.load(page(address, 1));
            TestProcess child = process.fork();
            assertEquals(process.pageAt(address), child.pageAt(address));
            assertEquals(1, child.mm().rss(RssCounter.SHMEM), "the file's page is copied too");
            child.store(address, 2);
            assertEquals(1, process.load(address));
            assertEquals(2, child.load(address));
        }
    }

    @Test
    void accessBeyondTheEndOfTheFileIsABusError() {
        try (OpenFile file = memfd(1)) {
            long shared = process.mapFile(file, 0, 2, SHARED);
            long copied = process.mapFile(file, 0, 2, READ_WRITE);
            process.store(shared, 1);
            assertEquals(FaultResult.SIGBUS, process.tryLoad(page(shared, 1)));
            assertEquals(FaultResult.SIGBUS, process.tryStore(page(shared, 1), 1));
            assertEquals(FaultResult.SIGBUS, process.tryStore(page(copied, 1), 1));
            assertEquals(Errno.OK, file.truncate(PageSize.PAGE_SIZE + 1));
            assertEquals(FaultResult.HANDLED, process.tryStore(page(shared, 1), 1));
        }
    }

    @Test
    void truncationTakesPrivateCopiesToo() {
        try (OpenFile file = memfd(3)) {
            long copied = process.mapFile(file, 0, 3, READ_WRITE);
            long shared = process.mapFile(file, 0, 3, SHARED);
            process.storeRow(copied, 3, 1);
            process.storeRow(shared, 3, 4);
            assertEquals(Errno.OK, file.truncate(PageSize.PAGE_SIZE));
            assertEquals(Shape.NONE, process.shape(page(copied, 1)));
            assertEquals(Shape.NONE, process.shape(page(shared, 2)));
            assertEquals(1, process.load(copied));
            assertEquals(4, process.load(shared));
            assertEquals(1, process.mm().rss(RssCounter.ANON));
            assertEquals(1, file.mapping().cachedPageCount());
            assertEquals(FaultResult.SIGBUS, process.tryLoad(page(copied, 1)));
        }
    }

    @Test
    void truncationWithinAPageZeroesItsRest() {
        try (OpenFile file = memfd(1)) {
            long address = process.mapFile(file, 0, 1, SHARED);
            process.store(address, 5);
            assertEquals(Errno.OK, file.truncate(100));
            assertEquals(Errno.OK, file.truncate(PageSize.PAGE_SIZE));
            assertEquals(5, get(file, 99, 1)[0]);
            assertEquals(0, get(file, 100, 1)[0]);
        }
    }

    @Test
    void holePunchingLeavesPrivateCopies() {
        try (OpenFile file = memfd(3)) {
            long copied = process.mapFile(file, 0, 3, READ_WRITE);
            long shared = process.mapFile(file, 0, 3, SHARED);
            process.storeRow(copied, 3, 1);
            process.storeRow(shared, 3, 4);
            assertEquals(Errno.OK, file.punchHole(PageSize.PAGE_SIZE - 1, PageSize.PAGE_SIZE + 2));
            process.assertRow(copied, 3, 1);
            assertEquals(0, process.load(page(shared, 1)));
            assertEquals(4, get(file, PageSize.PAGE_SIZE - 2, 1)[0]);
            assertEquals(0, get(file, PageSize.PAGE_SIZE - 1, 1)[0]);
            assertEquals(0, get(file, PageSize.pageAddress(2), 1)[0]);
            assertEquals(6, get(file, PageSize.pageAddress(2) + 1, 1)[0]);
            assertEquals(PageSize.pageAddress(3), file.size());
        }
    }

    @Test
    void readingAHoleMakesNoPage() {
        try (OpenFile file = memfd(4)) {
            assertEquals(0, get(file, 3 * PageSize.PAGE_SIZE, 10)[9]);
            assertEquals(0, file.mapping().cachedPageCount());
            assertEquals(Errno.OK, file.allocate(0, PageSize.pageAddress(2)));
            assertEquals(2, file.mapping().cachedPageCount());
        }
    }

    @Test
    void sharedPageBecomesWritableAgainWithTheProtection() {
        long address = process.mapShared(1);
        process.store(address, 1);
        process.protect(address, 1, VmFlags.READ);
        assertEquals(FaultResult.SIGSEGV, process.tryStore(address, 2));
        process.protect(address, 1, READ_WRITE);
        assertTrue(PageTableEntry.isWritable(process.entry(address)));
        process.store(address, 3);
        assertEquals(1, process.vmaCount());
    }

    @Test
    void dirtyEntryMakesThePageDirtyWhenItGoes() {
        try (OpenFile file = memfd(1)) {
            long address = process.mapFile(file, 0, 1, SHARED);
            process.load(address);
            long page = process.pageAt(address);
            assertFalse(machine.folios().hasFlag(page, FolioFlags.DIRTY));
            process.store(address, 1);
            process.unmap(address, 1);
            assertTrue(machine.folios().hasFlag(page, FolioFlags.DIRTY));
        }
    }

    @Test
    void mappingsOfAdjoiningPartsOfOneFileAreJoined() {
        try (OpenFile file = memfd(8);
                OpenFile other = memfd(8)) {
            long low = 1L << 30;
            long size = PageSize.pageAddress(2);
            process.mm().mmapFixed(low, size, SHARED, file, 0);
            process.mm().mmapFixed(low + size, size, SHARED, file, size);
            assertEquals(1, process.vmaCount());
            process.mm().mmapFixed(low + 2 * size, size, SHARED, file, 3 * size);
            assertEquals(2, process.vmaCount(), "not the next part of the file");
            process.mm().mmapFixed(low + 3 * size, size, SHARED, other, 4 * size);
            assertEquals(3, process.vmaCount(), "not the same file");
            process.storeRow(low, 4, 1);
            process.unmap(page(low, 1), 1);
            assertEquals(4, process.vmaCount());
            assertEquals(3, get(file, PageSize.pageAddress(2), 1)[0]);
        }
    }

    @Test
    void fileMustBeOpenForWhatAMappingAsks() {
        try (OpenFile file = memfd(1)) {
            long size = PageSize.PAGE_SIZE;
            assertEquals(
                    -Errno.EINVAL.number(), process.mm().mmap(size, SHARED, file, 1), "offset");
            assertEquals(
                    -Errno.EOVERFLOW.number(),
                    process.mm().mmap(size, SHARED, file, FileMapping.SIZE_MAX));
            try (OpenFile reading = readOnly(file)) {
                assertEquals(-Errno.EACCES.number(), process.mm().mmap(size, SHARED, reading, 0));
                long address = process.mapFile(reading, 0, 1, VmFlags.READ | VmFlags.SHARED);
                assertEquals(Errno.EACCES, process.mm().mprotect(address, size, READ_WRITE));
                int flags = process.withVma(address, vma -> vma.flags());
                assertEquals(0, flags & VmFlags.SHARED);
                assertNotEquals(0, flags & VmFlags.MAYSHARE);
                long copy = process.mapFile(reading, 0, 1, READ_WRITE);
                process.store(copy, 1);
                assertEquals(-Errno.EBADF.number(), reading.write(MemorySegment.NULL, 0));
            }
        }
    }

    /// The same file once more, for reading alone.
    private OpenFile readOnly(OpenFile file) {
        return machine.machine().files().reopen(file, false);
    }

    @Test
    void pagesGoWithTheLastMappingOfAClosedFile() {
        int free = machine.machine().ram().freePageCount();
        OpenFile file = memfd(4);
        long address = process.mapFile(file, 0, 4, SHARED);
        file.close();
        process.storeRow(address, 4, 1);
        assertEquals(free - 4, machine.machine().ram().freePageCount());
        process.unmap(address, 2);
        assertEquals(free - 4, machine.machine().ram().freePageCount());
        process.unmap(page(address, 2), 2);
        assertEquals(free, machine.machine().ram().freePageCount());
        assertTrue(machine.machine().files().files().isEmpty());
    }

    @Test
    void storeFailsWhenMemoryIsOut() {
        try (OpenFile file = memfd(2000)) {
            long written = file.write(MemorySegment.ofArray(new byte[2000 * 4096]), 0);
            assertTrue(written > 0 && written < 2000 * 4096);
            assertEquals(
                    -Errno.ENOSPC.number(),
                    file.write(MemorySegment.ofArray(new byte[1]), 1999 * 4096));
            assertEquals(Errno.OK, file.truncate(0));
        }
    }
}
