package farpage.mm.file;

import static farpage.mm.testing.TestProcess.READ_WRITE;
import static farpage.mm.testing.TestProcess.page;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.mempolicy.MempolicyFlags;
import farpage.mm.mempolicy.RelocatePages;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.testing.TestDevice;
import farpage.mm.testing.TestMachine;
import farpage.mm.testing.TestProcess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Several threads on one file, each with pages of its own that share folios with those of the
/// others, and one that cuts the file off behind them: nobody loses a byte, whatever the others do
/// to the folio.
final class LargeFileThreadsTest {
    private static final int THREADS = 4;
    private static final int PAGES = 64;

    /// Those that are never cut off.
    private static final int KEPT_PAGES = 40;

    private static final int STEPS = 150;

    @RegisterExtension final TestMachine machine = new TestMachine(256);
    private final Machine mm = machine.machine();
    private final TestDevice device = machine.newPagecacheDevice(128);
    @TempDir Path folder = Path.of("");

    /// One thread: every fourth page is its own, from its number on.
    private final class Worker {
        private final int number;
        private final OpenFile file;
        private final TestProcess process = machine.newProcess();
        private final byte[] content = new byte[PAGES];
        private final Random random;
        private final long address;

        Worker(int number, OpenFile file, long seed) {
            this.number = number;
            this.file = file;
            this.random = new Random(seed * THREADS + number);
            this.address = process.mapFile(file, 0, PAGES, READ_WRITE | VmFlags.SHARED);
        }

        Boolean run() {
            for (int step = 0; step < STEPS; step++) {
                step(number + THREADS * random.nextInt(KEPT_PAGES / THREADS));
            }
            return true;
        }

        private void step(int own) {
            int first = random.nextInt(PAGES);
            int count = 1 + random.nextInt(PAGES - first);
            switch (random.nextInt(10)) {
                case 0, 1 -> {
                    content[own] = (byte) random.nextInt(100);
                    process.store(page(address, own), content[own]);
                }
                case 2 -> {
                    byte[] data = new byte[PageSize.PAGE_SIZE];
                    content[own] = (byte) random.nextInt(100);
                    Arrays.fill(data, content[own]);
                    assertEquals(
                            data.length,
                            file.write(MemorySegment.ofArray(data), PageSize.pageAddress(own)));
                }
                case 3, 4 -> assertEquals(content[own], process.load(page(address, own)));
                case 5 -> assertEquals(content[own], LargeFileScene.readByte(file, own));
                case 6 -> {
                    content[own] = 0;
                    assertEquals(
                            Errno.OK,
                            file.punchHole(PageSize.pageAddress(own), PageSize.PAGE_SIZE));
                }
                case 7 -> {
                    long start = page(address, first);
                    new RelocatePages(mm, FolioDestinations.anywhere(mm), MempolicyFlags.MOVE_ALL)
                            .range(process.mm(), start, page(start, count));
                }
                case 8 -> assertTrue(mm.reclaim().reclaim(20) >= 0);
                default -> move(page(address, first), count);
            }
        }

        private void move(long start, int count) {
            if (random.nextBoolean()) {
                device.pull(process, start, count);
            } else {
                assertEquals(Errno.OK, file.fsync());
                device.push(process, start, count);
            }
        }

        private void assertContents() {
            for (int own = number; own < PAGES; own += THREADS) {
                assertEquals(content[own], process.load(page(address, own)), "page " + own);
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"1, OFF, 4", "2, OFF, 6", "3, MIGRATE, 2", "4, MIGRATE, 4", "5, MIGRATE, 6"})
    @Tag("T-8.8")
    void pagesOfOneFolioAreAsTheirThreadsLeftThem(long seed, FileBackedMode mode, int order)
            throws IOException, InterruptedException, ExecutionException {
        mm.filesOnDevices().setMode(mode);
        device.useOrders(FolioOrders.ALL);
        Path path = folder.resolve("file");
        Files.write(path, new byte[PAGES * PageSize.PAGE_SIZE]);
        List<Worker> workers = new ArrayList<>();
        try (OpenFile file = mm.files().open(path, true, order)) {
            for (int i = 0; i < THREADS; i++) {
                workers.add(new Worker(i, file, seed));
            }
            runAll(workers, file, new Random(seed));
            machine.check();
            workers.forEach(Worker::assertContents);
            assertEquals(Errno.OK, file.fsync());
        }
        byte[] expected = new byte[PAGES * PageSize.PAGE_SIZE];
        for (int own = 0; own < PAGES; own++) {
            int start = own * PageSize.PAGE_SIZE;
            byte value = workers.get(own % THREADS).content[own];
            Arrays.fill(expected, start, start + PageSize.PAGE_SIZE, value);
        }
        assertArrayEquals(expected, Files.readAllBytes(path));
    }

    /// Makes the file shorter and longer again; nobody writes to what is cut off.
    private static Boolean cut(OpenFile file, Random random) {
        long first = PageSize.pageAddress(KEPT_PAGES);
        long all = PageSize.pageAddress(PAGES);
        for (int i = 0; i < STEPS / 2; i++) {
            assertEquals(Errno.OK, file.truncate(random.nextLong(first, all)));
            assertEquals(Errno.OK, file.truncate(all));
        }
        return true;
    }

    private static void runAll(List<Worker> workers, OpenFile file, Random random)
            throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newFixedThreadPool(THREADS + 1)) {
            List<Future<Boolean>> running = new ArrayList<>();
            for (Worker worker : workers) {
                running.add(threads.submit(worker::run));
            }
            running.add(threads.submit(() -> cut(file, random)));
            for (Future<Boolean> one : running) {
                assertTrue(one.get());
            }
        }
    }
}
