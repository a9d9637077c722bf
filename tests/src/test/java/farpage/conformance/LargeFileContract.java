package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.dmirror.Dmirror;
import farpage.emulator.dmirror.DmirrorCommand;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.mm.Advice;
import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.memory.FolioOrders;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// A file whose folios have 16 pages, and devices that take every order: what holds whether its
/// pages move to a device or are copied.
abstract class LargeFileContract extends FileBackedContract {
    static final int ORDER = 4;
    static final int FOLIO = 1 << ORDER;

    @Override
    final int folioOrder() {
        return ORDER;
    }

    @Override
    EmulatorConfig adjust(EmulatorConfig config) {
        return config.withOrders(FolioOrders.ALL);
    }

    /// The order of the folio that the file has for a page; -1 if it has none.
    final int order(int page) {
        long found = file.mapping().lookupPage(page);
        return found == Page.NONE ? -1 : emulator.machine().folios().order(found);
    }

    /// Every kind of access in any order, and the plainest account of the file.
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3})
    final void fileHoldsWhatItShould(int seed) throws IOException {
        SplittableRandom random = new SplittableRandom(seed);
        for (int step = 0; step < 60; step++) {
            step(random, 100 * seed + step);
            EmulatorInvariants.assertHold(emulator);
        }
        assertReads(0, data);
        assertEquals(Errno.OK, file.fsync());
        assertOnDisk(data);
        closeFile();
    }

    private void step(SplittableRandom random, int seed) throws IOException {
        Dmirror device = random.nextBoolean() ? device0 : device1;
        int first = random.nextInt(PAGES);
        int count = 1 + random.nextInt(PAGES - first);
        int few = Math.min(count, 3);
        switch (random.nextInt(11)) {
            case 0, 1 -> migrates(device, 0, PAGES);
            case 2 -> migrates(device, first, count);
            case 3 -> deviceReads(device, first, count);
            case 4 -> deviceStores(device, first, few, seed);
            case 5 -> {
                cpuWrites(page(address, first), pattern(few, seed));
                MemorySegment.copy(
                        pattern(few, seed), 0, data, (long) first * PAGE, (long) few * PAGE);
            }
            case 6 -> assertCpuReads(page(address, first), pages(first, count));
            case 7 -> {
                MemorySegment part = pattern(1, seed).asSlice(0, 1000);
                assertEquals(1000, file.write(part, (long) first * PAGE + 500));
                MemorySegment.copy(part, 0, data, (long) first * PAGE + 500, 1000);
            }
            case 8 -> {
                long start = (long) first * PAGE + random.nextInt(2) * 100L;
                long length = Math.min((long) few * PAGE, data.byteSize() - start);
                assertEquals(Errno.OK, file.punchHole(start, length));
                data.asSlice(start, length).fill((byte) 0);
            }
            case 9 -> {
                long size = (long) first * PAGE + 10;
                assertEquals(Errno.OK, file.truncate(size));
                assertEquals(Errno.OK, file.truncate(data.byteSize()));
                data.asSlice(size).fill((byte) 0);
            }
            default -> {
                assertEquals(Errno.OK, file.fsync());
                assertOnDisk(data);
                Advice advice = Advice.PAGEOUT;
                assertEquals(
                        Errno.OK,
                        process.madvise(page(address, first), (long) count * PAGE, advice));
            }
        }
    }

    /// Nothing moves where nothing is mapped.
    private void migrates(Dmirror device, int first, int count) {
        Errno errno = migrateToDevice(device, page(address, first), count).errno();
        assertTrue(errno.isOk() || errno == Errno.ENOENT, errno.toString());
    }

    final void deviceReads(Dmirror device, int first, int count) {
        MemorySegment actual = buffer(count);
        assertEquals(
                Errno.OK,
                device.execute(new DmirrorCommand.Read(page(address, first), count, actual))
                        .errno());
        assertBytes(pages(first, count), actual);
    }

    final void deviceStores(Dmirror device, int first, int count, int seed) {
        MemorySegment written = pattern(count, seed);
        assertEquals(
                Errno.OK,
                device.execute(new DmirrorCommand.Write(page(address, first), count, written))
                        .errno());
        MemorySegment.copy(written, 0, data, (long) first * PAGE, written.byteSize());
    }

    /// The readers meet folios on their way in both directions, and pieces of such.
    @Test
    final void readersAndADeviceAgreeOnEveryByte() throws InterruptedException, ExecutionException {
        try (ExecutorService threads = Executors.newFixedThreadPool(3)) {
            Future<Boolean> reads = threads.submit(() -> readAll(1));
            Future<Boolean> moves =
                    threads.submit(() -> {
                        for (int i = 0; i < 40; i++) {
                            device0.migrateToDevice(address, PAGES);
                        }
                        return true;
                    });
            Future<Boolean> stores = threads.submit(this::storeLast);
            assertTrue(reads.get() && moves.get() && stores.get());
        }
        assertReads(0, data);
        closeFile();
    }

    private boolean readAll(int seed) {
        SplittableRandom random = new SplittableRandom(seed);
        for (int i = 0; i < 300; i++) {
            int page = random.nextInt(PAGES - FOLIO);
            assertReads((long) page * PAGE + 100, data.asSlice((long) page * PAGE + 100, 1000));
        }
        return true;
    }

    /// The last folio is stored to, cut, and made anew.
    private boolean storeLast() {
        int first = PAGES - FOLIO;
        for (int i = 0; i < 60; i++) {
            int page = first + i % FOLIO;
            cpuWrites(page(address, page), pattern(1, i));
            MemorySegment.copy(pattern(1, i), 0, data, (long) page * PAGE, PAGE);
            if (i % 20 == 7) {
                assertEquals(Errno.OK, file.punchHole((long) page * PAGE, PAGE));
                data.asSlice((long) page * PAGE, PAGE).fill((byte) 0);
            }
            assertCpuReads(page(address, first), pages(first, FOLIO));
        }
        return true;
    }
}
