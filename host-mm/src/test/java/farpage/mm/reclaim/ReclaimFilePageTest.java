package farpage.mm.reclaim;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.fault.FaultResult;
import farpage.mm.file.OpenFile;
import farpage.mm.gup.GetUserPages;
import farpage.mm.notifier.MmuNotifierRange.Event;
import farpage.mm.testing.Agent;
import farpage.mm.testing.EventLog;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/// Pages of files when memory is short: they make room, and nothing is lost.
final class ReclaimFilePageTest {
    private static final int FRAMES = 128;
    private static final int PAGES = 300;
    private static final int SHARED = READ_WRITE | VmFlags.SHARED;

    @RegisterExtension final TestMachine machine = new TestMachine(FRAMES);
    private final TestProcess process = machine.newProcess();
    @TempDir Path folder = Path.of("");

    private OpenFile open(int pageCount) throws IOException {
        byte[] content = new byte[(int) PageSize.pageAddress(pageCount)];
        for (int i = 0; i < pageCount; i++) {
            int start = (int) PageSize.pageAddress(i);
            Arrays.fill(content, start, start + PageSize.PAGE_SIZE, (byte) (i + 1));
        }
        Path path = Files.write(folder.resolve("file"), content);
        return machine.machine().files().open(path, true);
    }

    private long stolen() {
        return machine.machine().vmStat().get(VmStat.Event.PGSTEAL_FILE);
    }

    @Test
    void fileLargerThanMemoryCanBeReadThroughAMapping() throws IOException {
        try (OpenFile file = open(PAGES)) {
            long address = process.mapFile(file, 0, PAGES, VmFlags.READ | VmFlags.SHARED);
            process.assertRow(address, PAGES, 1);
            machine.check();
            process.assertRow(address, PAGES, 1);
            assertTrue(stolen() > PAGES, "stolen " + stolen());
        }
    }

    @Test
    void whatWasStoredIsOnTheDiskBeforeThePageGoes() throws IOException {
        try (OpenFile file = open(PAGES)) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            process.storeRow(address, PAGES, 50);
            machine.check();
            process.assertRow(address, PAGES, 50);
            assertEquals(Errno.OK, file.fsync());
        }
        byte[] content = Files.readAllBytes(folder.resolve("file"));
        for (int i = 0; i < PAGES; i++) {
            assertEquals((byte) (50 + i), content[(int) PageSize.pageAddress(i)]);
        }
    }

    @Test
    void fileIsWrittenThoughItIsLargerThanMemory() throws IOException {
        try (OpenFile file = open(1)) {
            byte[] bytes = new byte[(int) PageSize.pageAddress(PAGES)];
            Arrays.fill(bytes, (byte) 9);
            assertEquals(bytes.length, file.write(MemorySegment.ofArray(bytes), 0));
            byte[] read = new byte[bytes.length];
            assertEquals(bytes.length, file.read(MemorySegment.ofArray(read), 0));
            assertArrayEquals(bytes, read);
        }
    }

    @Test
    void anonymousMemoryTakesThePlaceOfTheCache() throws IOException {
        try (OpenFile file = open(PAGES)) {
            file.mapping().readAhead(0, 100);
            long address = process.map(100);
            process.storeRow(address, 100, 1);
            process.assertRow(address, 100, 1);
            assertTrue(file.mapping().cachedPageCount() < 40);
        }
    }

    @Test
    void privateCopiesAreNoPagesOfTheFile() throws IOException {
        try (OpenFile file = open(PAGES)) {
            long address = process.mapFile(file, 0, PAGES, READ_WRITE);
            process.storeRow(address, 40, 7);
            process.assertRow(page(address, 40), PAGES - 40, 41);
            process.assertRow(address, 40, 7);
        }
    }

    @Test
    void pinnedAndLockedPagesStay() throws IOException {
        try (OpenFile file = open(PAGES)) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            long[] pinned = new long[1];
            assertEquals(1, GetUserPages.pinUnlocked(process.mm(), address, 1, 0, pinned).count());
            assertEquals(Errno.OK, process.mm().mlock(page(address, 1), PageSize.PAGE_SIZE));
            long locked = process.pageAt(page(address, 1));
            process.assertRow(address, PAGES, 1);
            assertEquals(pinned[0], file.mapping().lookupPage(0));
            assertEquals(locked, process.pageAt(page(address, 1)));
            GetUserPages.unpin(machine.machine(), pinned, 1, false);
        }
    }

    @Test
    void mirrorsAreToldAndAdviceIsHeededAtOnce() throws IOException {
        try (OpenFile file = open(2)) {
            long address = process.mapFile(file, 0, 2, SHARED);
            process.store(address, 6);
            try (EventLog log = new EventLog(process.mm())) {
                assertEquals(
                        Errno.OK,
                        process.mm().madvise(address, PageSize.PAGE_SIZE, Advice.PAGEOUT));
                assertEquals(List.of(Event.CLEAR), log.takeEvents());
            }
            byte[] resident = new byte[1];
            assertEquals(Errno.OK, process.mm().mincore(address, PageSize.PAGE_SIZE, resident));
            assertEquals(0, resident[0]);
            assertEquals(6, Files.readAllBytes(folder.resolve("file"))[0]);
            assertEquals(6, process.load(address));
        }
    }

    @Test
    void mappingAndWritesGoOnTogetherWhileMemoryIsShort() throws IOException {
        try (OpenFile file = open(PAGES)) {
            long address = process.mapFile(file, 0, PAGES, SHARED);
            Agent<Integer> writer =
                    Agent.start(() -> {
                        byte[] bytes = new byte[PageSize.PAGE_SIZE];
                        Arrays.fill(bytes, (byte) 77);
                        for (int i = 1; i < PAGES; i += 2) {
                            long offset = PageSize.pageAddress(i);
                            file.write(MemorySegment.ofArray(bytes), offset);
                        }
                        return PAGES;
                    });
            for (int i = 0; i < PAGES; i += 2) {
                process.store(page(address, i), i);
            }
            writer.finish();
            machine.check();
            for (int i = 0; i < PAGES; i++) {
                assertEquals(i % 2 == 0 ? (byte) i : 77, process.load(page(address, i)));
            }
        }
    }

    @Test
    void sharedMemoryHasNoOtherPlaceAndStays() {
        try (OpenFile file = machine.machine().files().memfd()) {
            assertEquals(Errno.OK, file.truncate(PageSize.pageAddress(PAGES)));
            long address = process.mapFile(file, 0, PAGES, SHARED);
            int stored = 0;
            while (process.tryStore(page(address, stored), stored) == FaultResult.HANDLED) {
                stored++;
            }
            assertTrue(stored > FRAMES - 8, "stored " + stored);
            process.assertRow(address, stored, 0);
        }
    }
}
