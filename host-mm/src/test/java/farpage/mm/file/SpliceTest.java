package farpage.mm.file;

import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioOrders;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.RelocatePages;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.testing.TestDevice;
import farpage.mm.zonedevice.PagecacheOps.PagecacheCopy;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/// Pages of files go into pipes by reference: who reads the pipe gets what is in them then, and
/// what has a reference stays where it is.
final class SpliceTest extends LargeFileScene {
    private final TestDevice device = machine.newPagecacheDevice(64);

    private Pipe pipe() {
        return machine.machine().files().pipe();
    }

    private OpenFile openSmall(FaultyDisk disk) {
        return machine.machine().files().openStore(disk, disk.size());
    }

    private static byte[] read(Pipe pipe, int length) {
        byte[] bytes = new byte[length];
        assertEquals(length, pipe.read(MemorySegment.ofArray(bytes)));
        return bytes;
    }

    @Test
    void pipeGetsThePagesAndTheReaderTheirBytes() throws IOException {
        FaultyDisk disk = disk(5);
        try (OpenFile file = openSmall(disk);
                Pipe pipe = pipe()) {
            assertEquals(9000, file.spliceTo(pipe, 4000, 9000));
            assertEquals(9000, pipe.size());
            long first = file.mapping().lookupPage(0);
            assertEquals(first, pipe.pages().getFirst());
            assertEquals(2, machine.folios().refCount(first));
            machine.check();
            byte[] bytes = read(pipe, 5000);
            byte[] rest = read(pipe, 4000);
            byte[] content = Files.readAllBytes(path());
            assertArrayEquals(Arrays.copyOfRange(content, 4000, 9000), bytes);
            assertArrayEquals(Arrays.copyOfRange(content, 9000, 13000), rest);
            assertEquals(0, pipe.read(MemorySegment.ofArray(new byte[1])));
            assertEquals(1, machine.folios().refCount(first));
        }
    }

    @Test
    void pipeTakesNoMorePagesThanItHasSlotsAndNothingBeyondTheEnd() throws IOException {
        try (OpenFile file = open(disk(20));
                Pipe pipe = pipe()) {
            assertEquals(bytes(Pipe.SLOTS), file.spliceTo(pipe, 0, Long.MAX_VALUE));
            assertEquals(-Errno.EAGAIN.number(), file.spliceTo(pipe, 0, 1));
            read(pipe, (int) bytes(Pipe.SLOTS));
            assertEquals(bytes(2), file.spliceTo(pipe, bytes(18), bytes(10)));
            assertEquals(0, file.spliceTo(pipe, bytes(20), 5));
            assertEquals(-Errno.EINVAL.number(), file.spliceTo(pipe, -1, 5));
            assertArrayEquals(new byte[] {19, 19}, Arrays.copyOf(read(pipe, 100), 2));
        }
    }

    @Test
    void whatIsWrittenIsSeenByTheReaderAndWhatIsCutOffStays() throws IOException {
        try (OpenFile file = openSmall(disk(3));
                Pipe pipe = pipe()) {
            assertEquals(bytes(3), file.spliceTo(pipe, 0, bytes(3)));
            write(file, 0, 1, 50);
            assertEquals(Errno.OK, file.truncate(bytes(1) + 100));
            assertEquals(2, file.mapping().cachedPageCount());
            machine.check();
            byte[] bytes = read(pipe, (int) bytes(3));
            assertEquals(50, bytes[0]);
            assertEquals(2, bytes[PageSize.PAGE_SIZE + 99]);
            assertEquals(0, bytes[PageSize.PAGE_SIZE + 100], "the page is still the file's");
            assertEquals(3, bytes[2 * PageSize.PAGE_SIZE], "this one is the pipe's alone");
        }
    }

    @Test
    void largeFolioInAPipeIsZeroedWhereItIsCutAndStaysWhole() throws IOException {
        try (OpenFile file = open(disk(2 * PAGES));
                Pipe pipe = pipe()) {
            assertEquals(bytes(2), file.spliceTo(pipe, bytes(10), bytes(2)));
            assertEquals(bytes(1), file.spliceTo(pipe, bytes(PAGES), bytes(1)));
            assertEquals(Errno.OK, file.truncate(bytes(11)));
            assertEquals(ORDER, order(file, 0));
            machine.check();
            byte[] bytes = read(pipe, (int) bytes(3));
            assertEquals(11, bytes[0]);
            assertEquals(0, bytes[PageSize.PAGE_SIZE]);
            assertEquals(PAGES + 1, bytes[2 * PageSize.PAGE_SIZE], "its folio left as a whole");
        }
    }

    @Test
    @Tag("T-8.5")
    void pageOnADeviceComesBackFirst() throws IOException {
        machine.machine().filesOnDevices().setMode(FileBackedMode.MIGRATE);
        device.useOrders(FolioOrders.ALL);
        try (OpenFile file = open(disk(PAGES));
                Pipe pipe = pipe()) {
            long address = mapped(file);
            assertEquals(1, device.pull(process, address, PAGES));
            device.write(process.pageAt(page(address, 3)), 50);
            device.answerPagecache(PagecacheCopy.FAILED);
            assertEquals(-Errno.EIO.number(), file.spliceTo(pipe, bytes(3), 10));
            device.answerPagecache(PagecacheCopy.COPIED);
            assertEquals(10, file.spliceTo(pipe, bytes(3), 10));
            assertFalse(Page.isDevicePrivate(pipe.pages().getFirst()));
            assertEquals(0, device.pull(process, address, PAGES), "the pipe has it");
            assertEquals(50, read(pipe, 10)[0]);
            assertEquals(1, device.pull(process, address, PAGES));
        }
    }

    @Test
    void whatAPipeHasIsNeitherReclaimedNorMoved() throws IOException {
        try (OpenFile file = open(disk(PAGES));
                Pipe pipe = pipe()) {
            long address = mapped(file);
            assertEquals(1, file.spliceTo(pipe, 0, 1));
            long head = file.mapping().lookupPage(0);
            assertTrue(machine.machine().reclaim().reclaim(100) >= 0);
            assertEquals(head, file.mapping().lookupPage(0));
            process.assertRow(address, PAGES, 1);
            new RelocatePages(
                            machine.machine(),
                            FolioDestinations.anywhere(machine.machine()),
                            MempolicyFlags.MOVE_ALL)
                    .range(process.mm(), address, page(address, PAGES));
            assertEquals(head, file.mapping().lookupPage(0));
            assertEquals(1, read(pipe, 1)[0]);
        }
    }

    @Test
    void fileIsSentToAnotherAndToItself() throws IOException {
        try (OpenFile file = open(disk(40));
                OpenFile other = machine.machine().files().memfd()) {
            assertEquals(bytes(40) - 7, other.sendFrom(file, 7, 100, Long.MAX_VALUE));
            assertEquals(bytes(40) - 7 + 100, other.size());
            byte[] sent = new byte[(int) bytes(40) - 7];
            assertEquals(sent.length, other.read(MemorySegment.ofArray(sent), 100));
            byte[] content = Files.readAllBytes(path());
            assertArrayEquals(Arrays.copyOfRange(content, 7, content.length), sent);
            assertEquals(bytes(2), file.sendFrom(file, 0, bytes(40), bytes(2)));
            assertEquals(2, readByte(file, 41));
            assertEquals(0, file.sendFrom(file, bytes(50), 0, 10));
            assertEquals(List.of(), machine.machine().files().pipes());
        }
    }

    @Test
    void holeOfSharedMemoryIsZerosInThePipeAndStaysOne() {
        try (OpenFile file = machine.machine().files().memfd();
                Pipe pipe = pipe()) {
            assertEquals(Errno.OK, file.truncate(bytes(2)));
            write(file, 1, 1, 9);
            assertEquals(bytes(2), file.spliceTo(pipe, 0, bytes(2)));
            assertEquals(1, file.mapping().cachedPageCount());
            byte[] bytes = read(pipe, (int) bytes(2));
            assertEquals(0, bytes[100]);
            assertEquals(9, bytes[PageSize.PAGE_SIZE]);
        }
    }

    @Test
    void brokenPageInAPipeIsNotRead() throws IOException {
        try (OpenFile file = openSmall(disk(2));
                Pipe pipe = pipe()) {
            assertEquals(bytes(2), file.spliceTo(pipe, 0, bytes(2)));
            machine.machine().memoryFailure().fail(file.mapping().lookupPage(1));
            byte[] bytes = new byte[(int) bytes(2)];
            assertEquals(bytes(1), pipe.read(MemorySegment.ofArray(bytes)));
            assertEquals(-Errno.EIO.number(), pipe.read(MemorySegment.ofArray(bytes)));
        }
    }

    @Test
    void rightsAreThoseOfTheOpenings() throws IOException {
        try (OpenFile file = open(disk(1));
                OpenFile readOnly = machine.machine().files().reopen(file, false);
                Pipe pipe = pipe()) {
            assertEquals(10, readOnly.spliceTo(pipe, 0, 10));
            assertEquals(-Errno.EBADF.number(), readOnly.spliceFrom(pipe, 0, 10));
            assertEquals(-Errno.EBADF.number(), readOnly.sendFrom(file, 0, 0, 10));
            assertEquals(10, file.spliceFrom(pipe, bytes(1), 100));
            assertEquals(bytes(1) + 10, file.size());
        }
    }
}
