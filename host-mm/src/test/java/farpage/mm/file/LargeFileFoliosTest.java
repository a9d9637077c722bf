package farpage.mm.file;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.fault.FaultResult;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memoryfailure.BrokenPage;
import farpage.mm.memoryfailure.Outcome;
import farpage.mm.memoryfailure.Recovery;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.RelocatePages;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableEntry.Shape;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Large folios in the page cache: how they come to be, what is of the whole folio, and what cuts
/// them.
final class LargeFileFoliosTest extends LargeFileScene {
    @Test
    void readMakesTheLargestAlignedFolioThatFitsBeforeTheEnd() throws IOException {
        try (OpenFile file = open(disk(21))) {
            assertEquals(6, readByte(file, 5));
            assertEquals(ORDER, order(file, 0));
            assertEquals(ORDER, order(file, 15));
            assertEquals(-1, order(file, 16));
            assertEquals(18, readByte(file, 17));
            assertEquals(2, order(file, 16));
            assertEquals(21, readByte(file, 20));
            assertEquals(0, order(file, 20), "two pages are no large folio");
            assertEquals(21, file.mapping().cachedPageCount());
            long head = file.mapping().lookupPage(0);
            assertEquals(head + 15, file.mapping().lookupPage(15));
            assertEquals(PAGES, machine.folios().refCount(head), "one for each page");
        }
    }

    @Test
    void pagesThatAreThereMakeTheNextFolioSmaller() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            write(file, 9, 1, 50);
            assertEquals(0, order(file, 9));
            readByte(file, 2);
            assertEquals(3, order(file, 0));
            readByte(file, 13);
            assertEquals(2, order(file, 12));
            readByte(file, 8);
            assertEquals(0, order(file, 8));
            assertEquals(50, readByte(file, 9));
        }
    }

    @Test
    void writeMakesFoliosOfItsLengthAndReadsNothingThatItOverwrites() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = open(disk)) {
            write(file, 4, 10, 50);
            assertEquals(2, order(file, 4));
            assertEquals(2, order(file, 8));
            assertEquals(0, order(file, 12));
            assertEquals(0, disk.readPageCount());
            write(file, 32, 16, 51);
            assertEquals(ORDER, order(file, 32));
            assertEquals(bytes(48), file.size());
            assertEquals(0, disk.readPageCount());
            byte[] part = {7};
            assertEquals(1, file.write(MemorySegment.ofArray(part), bytes(2)));
            assertEquals(0, order(file, 2), "a byte needs one page");
            assertEquals(Errno.OK, file.fsync());
            assertEquals(50, onDisk(13));
            assertEquals(51, onDisk(47));
        }
    }

    @Test
    void scatteredMemoryGivesSmallerFolios() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            List<Long> taken = new ArrayList<>();
            for (long page = machine.machine().tryAllocateFolio(0);
                    page != Page.NONE;
                    page = machine.machine().tryAllocateFolio(0)) {
                taken.add(page);
            }
            taken.stream()
                    .filter(page -> page % 16 < 4)
                    .forEach(page -> machine.machine().put(page));
            readByte(file, 1);
            assertEquals(2, order(file, 0));
            taken.stream()
                    .filter(page -> page % 16 >= 4)
                    .forEach(page -> machine.machine().put(page));
            readByte(file, 9);
            assertEquals(3, order(file, 8));
        }
    }

    @Test
    void faultMapsPagesOneByOneAndThoseAroundIt() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            assertEquals(4, process.load(page(address, 3)));
            assertEquals(ORDER, order(file, 3));
            assertEquals(1, process.mm().rss(RssCounter.FILE), "what was read in was not around");
            assertEquals(9, process.load(page(address, 8)));
            assertEquals(Shape.PRESENT, process.shape(page(address, 9)), "this was around");
            process.assertRow(address, PAGES, 1);
            assertEquals(PAGES, process.mm().rss(RssCounter.FILE));
            long head = file.mapping().lookupPage(0);
            assertEquals(head + 15, process.pageAt(page(address, 15)));
            assertEquals(PAGES, machine.folios().mapCount(head));
            assertEquals(0, machine.folios().entireMapCount(head));
            assertEquals(1, machine.folios().pageMapCount(head + 3));
            TestProcess other = machine.newProcess();
            long there = other.mapFile(file, 14, 4, SHARED);
            other.load(there);
            assertEquals(FaultResult.SIGBUS, other.tryLoad(page(there, 2)));
            assertEquals(2, machine.folios().pageMapCount(head + 14));
        }
    }

    @Test
    void oneStoreMakesTheFolioDirtyAndTheSyncWritesAllOfIt() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = open(disk)) {
            long address = mapped(file);
            process.store(page(address, 5), 50);
            assertTrue(machine.folios().hasFlag(process.pageAt(address), FolioFlags.DIRTY));
            assertFalse(PageTableEntry.isWritable(process.entry(address)));
            assertEquals(Errno.OK, file.fsync());
            assertEquals(PAGES, disk.writtenPageCount());
            assertEquals(50, onDisk(5));
            assertFalse(PageTableEntry.isWritable(process.entry(page(address, 5))));
            process.store(page(address, 6), 51);
            assertEquals(Errno.OK, file.fsync());
            assertEquals(51, onDisk(6));
            assertEquals(Errno.OK, file.fsync());
            assertEquals(2 * PAGES, disk.writtenPageCount());
        }
    }

    @Test
    void readThatFailsLeavesTheFolioWithoutContentsUntilTheNext() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = open(disk)) {
            disk.failReads(1);
            byte[] content = new byte[10];
            assertEquals(-Errno.EIO.number(), file.read(MemorySegment.ofArray(content), bytes(7)));
            assertEquals(ORDER, order(file, 7));
            disk.failReads(1);
            long address = process.mapFile(file, 0, PAGES, SHARED);
            assertEquals(FaultResult.SIGBUS, process.tryLoad(page(address, 3)));
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    void truncationCutsTheFolioIntoTheLargestPiecesThatEndThere() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            assertEquals(Errno.OK, file.truncate(bytes(8) - 100));
            assertEquals(3, order(file, 0));
            assertEquals(8, file.mapping().cachedPageCount());
            assertEquals(FaultResult.SIGBUS, process.tryLoad(page(address, 8)));
            process.assertRow(address, 7, 1);
            assertEquals(Errno.OK, file.truncate(bytes(5)));
            assertEquals(0, order(file, 0));
            assertEquals(5, file.mapping().cachedPageCount());
            machine.check();
            assertEquals(Errno.OK, file.truncate(bytes(PAGES)));
            assertEquals(0, process.load(page(address, 7)));
            process.assertRow(address, 5, 1);
        }
    }

    @Test
    void cutLeavesNothingMappedAndFaultsFindThePieces() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            assertEquals(Errno.OK, file.punchHole(bytes(4), bytes(4)));
            assertEquals(Shape.NONE, process.shape(address));
            assertEquals(0, process.mm().rss(RssCounter.FILE));
            assertEquals(2, order(file, 0));
            assertEquals(-1, order(file, 4));
            assertEquals(2, order(file, 8));
            process.assertRow(address, 4, 1);
            assertEquals(0, process.load(page(address, 4)));
            process.assertRow(page(address, 8), 8, 9);
        }
    }

    @Test
    void folioThatSomebodyHoldsIsZeroedInPlaceOfBeingCut() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            long[] pinned = new long[1];
            assertEquals(
                    1,
                    GetUserPages.pinUnlocked(
                                    process.mm(), page(address, 1), 1, GupFlags.PIN, pinned)
                            .count());
            assertEquals(Errno.OK, file.truncate(bytes(10) + 5));
            assertEquals(ORDER, order(file, 0));
            assertEquals(FaultResult.SIGBUS, process.tryLoad(page(address, 11)));
            assertEquals(Errno.OK, file.truncate(bytes(PAGES)));
            assertEquals(0, process.load(page(address, 12)));
            process.assertRow(address, 10, 1);
            GetUserPages.unpin(machine.machine(), pinned, 1, false);
            assertEquals(Errno.OK, file.fsync());
            assertEquals(0, onDisk(12));
            assertEquals(10, onDisk(9));
        }
    }

    @Test
    void reclaimTakesTheFolioAsAWholeAndWritesItFirst() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = open(disk)) {
            long address = mapped(file);
            process.store(page(address, 2), 50);
            assertTrue(machine.machine().reclaim().reclaim(1) > 0);
            assertEquals(0, file.mapping().cachedPageCount());
            assertEquals(0, process.mm().rss(RssCounter.FILE));
            assertEquals(50, onDisk(2));
            assertEquals(50, process.load(page(address, 2)));
            process.store(page(address, 2), 3);
            disk.failWrites(1);
            assertEquals(Errno.OK, process.mm().madvise(address, bytes(PAGES), Advice.PAGEOUT));
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    void adviceOnAPartCutsTheFolio() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            assertEquals(Errno.OK, process.mm().madvise(address, bytes(3), Advice.PAGEOUT));
            assertEquals(0, order(file, 8));
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    void folioMovesWithinTheMemoryOfTheSystemAsAWhole() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            process.store(page(address, 5), 6);
            long before = file.mapping().lookupPage(0);
            new RelocatePages(
                            machine.machine(),
                            FolioDestinations.anywhere(machine.machine()),
                            MempolicyFlags.MOVE_ALL)
                    .range(process.mm(), address, page(address, PAGES));
            assertNotEquals(before, file.mapping().lookupPage(0));
            assertEquals(ORDER, order(file, 0));
            assertEquals(Shape.PRESENT, process.shape(page(address, 15)));
            process.assertRow(address, PAGES, 1);
        }
    }

    @Test
    void brokenPageLeavesTheOthersUsableAndIsReadAgain() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            long broken = process.pageAt(page(address, 6));
            Outcome outcome = machine.machine().memoryFailure().fail(broken);
            assertEquals(BrokenPage.CLEAN_LRU, outcome.page());
            assertEquals(Recovery.RECOVERED, outcome.recovery());
            assertEquals(0, order(file, 5));
            process.assertRow(address, PAGES, 1);
            assertNotEquals(broken, process.pageAt(page(address, 6)));
        }
    }

    @Test
    void brokenPageOfAFolioThatSomebodyHoldsIsNotRead() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = mapped(file);
            long[] pinned = new long[1];
            GetUserPages.pinUnlocked(process.mm(), address, 1, GupFlags.PIN, pinned);
            long broken = process.pageAt(page(address, 6));
            Outcome outcome = machine.machine().memoryFailure().fail(broken);
            assertEquals(BrokenPage.UNSPLIT_THP, outcome.page());
            assertEquals(FaultResult.HWPOISON, process.tryLoad(page(address, 6)));
            process.assertRow(address, 6, 1);
            GetUserPages.unpin(machine.machine(), pinned, 1, false);
            process.unmap(address, PAGES);
            long again = process.mapFile(file, 0, PAGES, SHARED);
            process.assertRow(again, PAGES, 1);
        }
    }

    @Test
    void privateMappingCopiesPagesOfTheFolio() throws IOException {
        try (OpenFile file = open(disk(PAGES))) {
            long address = process.mapFile(file, 0, PAGES, READ_WRITE);
            process.assertRow(address, PAGES, 1);
            process.store(page(address, 4), 60);
            TestProcess child = process.fork();
            child.store(page(address, 5), 61);
            assertEquals(60, child.load(page(address, 4)));
            assertEquals(6, process.load(page(address, 5)));
            assertEquals(5, readByte(file, 4));
            assertEquals(Errno.OK, file.truncate(bytes(5)));
            assertEquals(60, process.load(page(address, 4)));
            assertEquals(FaultResult.SIGBUS, child.tryLoad(page(address, 5)));
        }
    }

    @Test
    void filesHaveBasePagesUnlessTheyAreOpenedForLargeOnes() throws IOException {
        FaultyDisk disk = disk(PAGES);
        try (OpenFile file = machine.machine().files().openStore(disk, disk.size())) {
            assertEquals(0, file.mapping().maxFolioOrder());
            readByte(file, 3);
            assertEquals(1, file.mapping().cachedPageCount());
        }
        FileTable files = machine.machine().files();
        assertThrows(IllegalArgumentException.class, () -> files.open(path(), true, 1));
        assertThrows(IllegalArgumentException.class, () -> files.open(path(), true, 10));
    }

    @Test
    void mappingLiesWhereHugePagesOfTheFileFit() throws IOException {
        try (OpenFile file = open(disk(1));
                OpenFile small = machine.machine().files().openStore(disk(1), bytes(1))) {
            long whole = PageSize.PMD_SIZE;
            assertEquals(0, placeInHugePage(file, 0, whole));
            assertEquals(0, placeInHugePage(file, 0, whole + bytes(3)));
            assertEquals(bytes(5), placeInHugePage(file, whole + bytes(5), 2 * whole));
            // None of these has a whole one.
            assertNotEquals(0, placeInHugePage(file, 0, whole - bytes(1)));
            assertNotEquals(bytes(5), placeInHugePage(file, bytes(5), 2 * whole - bytes(6)));
            assertNotEquals(0, placeInHugePage(small, 0, whole + bytes(3)));
        }
    }

    private long placeInHugePage(OpenFile file, long offset, long length) {
        process.mm().mmap(bytes(1), READ_WRITE); // so that no place is aligned by chance
        long address = process.mm().mmap(length, SHARED, file, offset);
        assertTrue(address > 0);
        return address % PageSize.PMD_SIZE;
    }
}
