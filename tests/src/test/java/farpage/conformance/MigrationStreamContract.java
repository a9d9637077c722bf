package farpage.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.EmulatorConfig;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.emulator.svm.MigrationResult;
import farpage.emulator.svm.MigrationStream;
import farpage.emulator.svm.RangeMigrator;
import farpage.mm.Errno;
import farpage.mm.PageSize;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Batches of which several are under way at once: each page moves once, room is made between them,
/// and whatever ends the stream leaves nothing locked and nothing lost.
abstract class MigrationStreamContract extends EmulatorScene {
    private static final int PAGES = 3000;
    private static final int BATCH = 256;

    @Override
    EmulatorConfig configure(EmulatorConfig config) {
        return super.configure(config).withDeviceMemory(8L << 20).withChunkSize(2L << 20);
    }

    /// Page numbers in random order, a few named in two batches.
    private static List<long[]> batches(long address, int pageCount, SplittableRandom random) {
        long[] all = new long[pageCount];
        for (int i = 0; i < pageCount; i++) {
            int other = random.nextInt(i + 1);
            all[i] = all[other];
            all[other] = PageSize.pageNumber(address) + i;
        }
        List<long[]> batches = new ArrayList<>();
        for (int from = 0; from < pageCount; from += BATCH) {
            int to = Math.min(pageCount, from + BATCH);
            long[] batch = new long[to - from + 3];
            System.arraycopy(all, from, batch, 0, to - from);
            for (int extra = to - from; extra < batch.length; extra++) {
                batch[extra] = all[random.nextInt(to)];
            }
            batches.add(batch);
        }
        return batches;
    }

    private static Consumer<MigrationStream> feedOf(List<long[]> batches) {
        return stream ->
                batches.forEach(batch -> assertEquals(Errno.OK, stream.add(batch, batch.length)));
    }

    @Test
    void everyPageMovesOnceHoweverManyBatchesAreUnderWay() {
        int count = 1500;
        long address = map(count);
        MemorySegment data = pattern(count, 3);
        cpuWrites(address, data);
        SplittableRandom random = new SplittableRandom(17);
        for (int inFlight = 1; inFlight <= RangeMigrator.IN_FLIGHT_MAX; inFlight++) {
            assertEquals(
                    new MigrationResult(Errno.OK, count),
                    device0.migrateToDevice(inFlight, feedOf(batches(address, count, random))));
            assertEquals(count, pagesOn(0));
            EmulatorInvariants.assertHold(emulator);
            assertDeviceReads(device0, address, data, 0);
            assertEquals(
                    new MigrationResult(Errno.OK, count),
                    device0.migrateToSystem(inFlight, feedOf(batches(address, count, random))));
            assertEquals(0, pagesOn(0));
            assertCpuReads(address, data);
        }
    }

    @Test
    void roomIsMadeWhileBatchesAreUnderWay() {
        long address = map(PAGES);
        MemorySegment data = pattern(PAGES, 5);
        cpuWrites(address, data);
        MigrationResult result =
                device0.migrateToDevice(
                        4, feedOf(batches(address, PAGES, new SplittableRandom(19))));
        assertEquals(Errno.OK, result.errno());
        assertTrue(result.movedPages() >= PAGES, result.toString());
        // Room comes in blocks, so that some may be free again.
        assertTrue(pagesOn(0) <= PageSize.pageNumber(8L << 20), "pages: " + pagesOn(0));
        assertTrue(pagesOn(0) > PageSize.pageNumber(6L << 20), "pages: " + pagesOn(0));
        EmulatorInvariants.assertHold(emulator);
        assertCpuReads(address, data);
    }

    @Test
    void rangesAndListsGoWithOneStream() {
        long address = map(1200);
        MemorySegment data = pattern(1200, 7);
        cpuWrites(address, data);
        MigrationResult result =
                device0.migrateToDevice(
                        3,
                        stream -> {
                            assertEquals(Errno.OK, stream.add(address, page(address, 500)));
                            long[] list = {
                                PageSize.pageNumber(address) + 700, PageSize.pageNumber(address) + 3
                            };
                            assertEquals(Errno.OK, stream.add(list, 2));
                            assertEquals(
                                    Errno.OK, stream.add(page(address, 800), page(address, 1200)));
                        });
        assertEquals(new MigrationResult(Errno.OK, 901), result);
        assertDeviceReads(device0, address, data.asSlice(0, 500L * PAGE), 0);
        assertCpuReads(address, data);
    }

    @Test
    void whatIsNotMappedEndsTheStream() {
        long address = map(100);
        MemorySegment data = pattern(100, 8);
        cpuWrites(address, data);
        MigrationResult result =
                device0.migrateToDevice(
                        2,
                        stream -> {
                            assertEquals(Errno.OK, stream.add(address, page(address, 10)));
                            assertEquals(Errno.EINVAL, stream.add(PAGE, 3L * PAGE));
                            assertEquals(
                                    Errno.EINVAL, stream.add(page(address, 50), page(address, 60)));
                        });
        assertEquals(new MigrationResult(Errno.EINVAL, 10), result);
        assertEquals(10, pagesOn(0));
        assertCpuReads(address, data);
    }

    private void failEveryCopy() {
        for (CallKind kind : new CallKind[] {CallKind.WRITE, CallKind.LAUNCH}) {
            faults.failNext(kind, 100_000, ClError.OUT_OF_RESOURCES);
        }
    }

    @Test
    void copiesThatFailEndTheStream() {
        int count = 1500;
        long address = map(count);
        MemorySegment data = pattern(count, 9);
        cpuWrites(address, data);
        failEveryCopy();
        List<long[]> batches = batches(address, count, new SplittableRandom(23));
        MigrationResult result =
                device0.migrateToDevice(
                        4, stream -> batches.forEach(batch -> stream.add(batch, batch.length)));
        assertEquals(new MigrationResult(Errno.EIO, 0), result);
        assertEquals(0, pagesOn(0));
        faults.forgetPlanned();
        assertEquals(
                new MigrationResult(Errno.OK, count), device0.migrateToDevice(4, feedOf(batches)));
        assertCpuReads(address, data);
    }

    @Test
    void failureFoundBetweenBatchesKeepsTheNextFromMoving() {
        long address = map(1024);
        MemorySegment data = pattern(1024, 12);
        cpuWrites(address, data);
        failEveryCopy();
        MigrationResult result =
                device0.migrateToDevice(
                        1,
                        stream -> {
                            Errno first = stream.add(address, page(address, 512));
                            assertEquals(Errno.OK, first);
                            // More than the chunk that there is has room for.
                            Errno second = stream.add(page(address, 512), page(address, 1024));
                            assertEquals(Errno.EIO, second);
                        });
        assertEquals(new MigrationResult(Errno.EIO, 0), result);
        faults.forgetPlanned();
        assertMigrates(device0, address, 1024);
        assertCpuReads(address, data);
    }

    @Test
    void whoAddsMayFailInTheMiddle() {
        long address = map(600);
        MemorySegment data = pattern(600, 10);
        cpuWrites(address, data);
        assertThrows(
                UnsupportedOperationException.class,
                () ->
                        device0.migrateToDevice(
                                4,
                                stream -> {
                                    Errno added = stream.add(address, page(address, 300));
                                    throw new UnsupportedOperationException(added.toString());
                                }));
        assertEquals(300, pagesOn(0));
        assertMigrates(device0, address, 600);
        assertDeviceReads(device0, address, data, 0);
        assertCpuReads(address, data);
    }

    @Test
    void numberOfBatchesHasLimits() {
        for (int batches : new int[] {0, RangeMigrator.IN_FLIGHT_MAX + 1}) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> device0.migrateToDevice(batches, stream -> {}));
        }
    }
}
