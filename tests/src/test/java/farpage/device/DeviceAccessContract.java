package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.opencl.ClBuffer;
import farpage.opencl.kernel.AccessBatch;
import farpage.opencl.kernel.AccessContents;
import farpage.opencl.kernel.DeviceAccess;
import farpage.opencl.kernel.layout.AccessRecordLayout;
import farpage.opencl.kernel.layout.AccessTaskLayout;
import farpage.opencl.kernel.layout.DevicePteLayout;
import farpage.opencl.kernel.layout.FaultRecordLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The kernel that executes accesses, against its twin [AccessContents] on a copy of the same
/// memory.
abstract class DeviceAccessContract extends ClContract {
    private static final long SEED = 0x5EED5EED5EEDL;
    private static final int LOAD = AccessRecordLayout.LOAD;
    private static final int STORE = AccessRecordLayout.STORE;
    private static final int MODIFY = AccessRecordLayout.MODIFY;

    private record Access(int page, int kind, int offset, int size, long sequence) {
        boolean writes() {
            return kind != LOAD;
        }
    }

    private final List<Access> accesses = new ArrayList<>();
    private DeviceAccess launcher;

    @BeforeEach
    void buildLauncher() {
        launcher = use(new DeviceAccess(context, device));
    }

    /// A batch on the device and its twin on the host. Task i is about the i-th page that is
    /// touched.
    private final class Scene {
        final int heapPages;
        final int taskCount;
        final int resultCount;
        final MemorySegment twin;
        final ClBuffer heap;
        final ClBuffer ptes;
        final MemorySegment pteBytes;
        final MemorySegment faultBytes;
        final AccessBatch batch;
        final int[] pageOfTask;
        final long[] twinResults;
        final BitSet executedByTwin = new BitSet();

        Scene(int heapPages, int faultCapacity) {
            this.heapPages = heapPages;
            this.pageOfTask = accesses.stream().mapToInt(Access::page).distinct().toArray();
            this.taskCount = pageOfTask.length;
            this.resultCount = accesses.size();
            this.twinResults = new long[resultCount];
            this.twin = pattern((long) heapPages * PAGE, 21);
            this.heap = upload(twin);
            this.pteBytes = arena.allocate(4L * taskCount, 4);
            this.ptes = upload(pteBytes);
            this.faultBytes = arena.allocate(FaultRecordLayout.size(faultCapacity), 4);
            ClBuffer results = buffer(8L * resultCount);
            ClBuffer done = buffer(taskCount);
            queue.enqueueFill(results, 0, results.size(), 0, 8);
            queue.enqueueFill(done, 0, taskCount, 0, 1);
            MemorySegment tasks = arena.allocate(AccessTaskLayout.size(taskCount), 8);
            MemorySegment records = arena.allocate(AccessRecordLayout.size(resultCount), 8);
            fill(tasks, records);
            ClBuffer faults = upload(faultBytes);
            this.batch =
                    new AccessBatch(
                            upload(tasks),
                            taskCount,
                            upload(records),
                            results,
                            done,
                            faults,
                            faultCapacity,
                            SEED);
        }

        private ClBuffer upload(MemorySegment bytes) {
            ClBuffer buffer = buffer(bytes.byteSize());
            queue.writeBlocking(buffer, 0, bytes);
            return buffer;
        }

        private void fill(MemorySegment tasks, MemorySegment records) {
            int record = 0;
            for (int task = 0; task < taskCount; task++) {
                int first = record;
                boolean writes = false;
                for (int i = 0; i < accesses.size(); i++) {
                    Access a = accesses.get(i);
                    if (a.page() == pageOfTask[task]) {
                        AccessRecordLayout.set(
                                records, record, a.kind(), a.offset(), a.size(), a.sequence(), i);
                        writes |= a.writes();
                        record++;
                    }
                }
                AccessTaskLayout.set(
                        tasks, task, 1000 + pageOfTask[task], first, record - first, writes);
            }
        }

        /// Gives task i an entry for the page that it is about.
        void map(int task, boolean writable) {
            set(task, DevicePteLayout.of(pageOfTask[task], writable));
        }

        void mapAll() {
            for (int task = 0; task < taskCount; task++) {
                map(task, true);
            }
        }

        void set(int task, int pte) {
            pteBytes.setAtIndex(ValueLayout.JAVA_INT, task, pte);
        }

        /// One launch over the whole heap; returns the fault count.
        int launch() {
            return launch(heap, 0, heapPages, true);
        }

        int launch(ClBuffer chunkHeap, int chunk, int chunkPages, boolean report) {
            FaultRecordLayout.clear(faultBytes);
            queue.writeBlocking(batch.faults(), 0, faultBytes.asSlice(0, 8));
            queue.writeBlocking(ptes, 0, pteBytes);
            launcher.enqueue(queue, batch, ptes, chunkHeap, 12, chunk, chunkPages, report);
            queue.readBlocking(batch.faults(), 0, faultBytes);
            return FaultRecordLayout.count(faultBytes);
        }

        /// Compares memory and results with those of the twin, which has executed the given pages,
        /// each once.
        void assertExecuted(BitSet pages) {
            MemorySegment results = contents(batch.results());
            for (int i = 0; i < accesses.size(); i++) {
                Access a = accesses.get(i);
                if (pages.get(a.page()) && !executedByTwin.get(i)) {
                    twinResults[i] = twinExecutes(a);
                    executedByTwin.set(i);
                }
                long expected = twinResults[i];
                long actual = results.getAtIndex(ValueLayout.JAVA_LONG, i);
                assertEquals(expected, actual, a::toString);
            }
            assertBytes(twin, contents(heap));
        }

        void assertAllExecuted() {
            BitSet all = new BitSet();
            all.set(0, heapPages);
            assertExecuted(all);
        }

        private long twinExecutes(Access a) {
            long at = (long) a.page() * PAGE + a.offset();
            return switch (a.kind()) {
                case LOAD -> AccessContents.load(twin, at, a.size());
                case MODIFY -> AccessContents.modify(twin, at, a.size(), a.sequence(), SEED);
                default -> {
                    AccessContents.store(twin, at, a.size(), a.sequence(), SEED);
                    yield 0;
                }
            };
        }
    }

    private void access(int page, int kind, int offset, int size) {
        accesses.add(new Access(page, kind, offset, size, 7_000_000_000L + accesses.size()));
    }

    @Test
    void everySizeAndKindDoesWhatTheHostDoes() {
        int page = 0;
        List<Integer> sizes = new ArrayList<>(List.of(100, 255, 256, 1000, 2048, 4095, 4096));
        for (int size = 1; size <= 40; size++) {
            sizes.add(size);
        }
        for (int size : sizes) {
            for (int offset : new int[] {0, 1, 7, 33, PAGE - size}) {
                if (offset + size <= PAGE) {
                    access(page, LOAD, offset, size);
                    access(page, STORE, offset, size);
                    access(page, LOAD, offset, size);
                    access(page, MODIFY, offset, size);
                    access(page, LOAD, 0, PAGE);
                }
            }
            page++;
        }
        Scene scene = new Scene(page, 16);
        scene.mapAll();
        assertEquals(0, scene.launch());
        scene.assertAllExecuted();
    }

    @Test
    void accessesOfAPageHappenInOrder() {
        Random random = new Random(99);
        for (int i = 0; i < 5000; i++) {
            int size = 1 << random.nextInt(7);
            access(random.nextInt(40), random.nextInt(3), random.nextInt(512 - size), size);
        }
        Scene scene = new Scene(40, 16);
        scene.mapAll();
        assertEquals(0, scene.launch());
        scene.assertAllExecuted();
    }

    @Test
    void missingPageFaultsAndIsReplayed() {
        for (int page = 0; page < 6; page++) {
            access(page, page % 2 == 0 ? LOAD : STORE, 8, 8);
        }
        Scene scene = new Scene(6, 16);
        scene.map(0, false);
        scene.map(1, true);
        assertEquals(4, scene.launch());
        BitSet faulted = new BitSet();
        for (int i = 0; i < 4; i++) {
            int task = FaultRecordLayout.task(scene.faultBytes, i);
            int kind = FaultRecordLayout.kind(scene.faultBytes, i);
            faulted.set(task);
            assertEquals(task % 2 == 0 ? FaultRecordLayout.READ : FaultRecordLayout.WRITE, kind);
        }
        BitSet expected = new BitSet();
        expected.set(2, 6);
        assertEquals(expected, faulted);
        scene.mapAll();
        assertEquals(0, scene.launch());
        scene.assertAllExecuted();
    }

    @Test
    void readOnlyPageFaultsForATaskThatWritesAndNothingIsTouched() {
        access(0, LOAD, 0, 64);
        access(0, LOAD, 64, 64);
        access(1, LOAD, 0, 64);
        access(1, STORE, 0, 64);
        access(2, MODIFY, 128, 64);
        Scene scene = new Scene(3, 16);
        for (int task = 0; task < 3; task++) {
            scene.map(task, false);
        }
        assertEquals(2, scene.launch());
        BitSet first = new BitSet();
        first.set(0);
        scene.assertExecuted(first);
        assertEquals(FaultRecordLayout.WRITE, FaultRecordLayout.kind(scene.faultBytes, 0));
        assertEquals(FaultRecordLayout.WRITE, FaultRecordLayout.kind(scene.faultBytes, 1));
        scene.mapAll();
        assertEquals(0, scene.launch());
        scene.assertAllExecuted();
    }

    @Test
    void finishedTasksAreNotExecutedAgain() {
        access(0, MODIFY, 0, 8);
        access(1, MODIFY, 0, 8);
        Scene scene = new Scene(2, 16);
        scene.map(0, true);
        assertEquals(1, scene.launch());
        scene.mapAll();
        assertEquals(0, scene.launch());
        assertEquals(0, scene.launch());
        scene.assertAllExecuted();
    }

    @Test
    void faultsBeyondTheCapacityAreCountedAndComeAgain() {
        for (int page = 0; page < 100; page++) {
            access(page, STORE, 0, 8);
        }
        Scene scene = new Scene(100, 30);
        int remaining = 100;
        int launches = 0;
        while (remaining > 0) {
            assertEquals(remaining, scene.launch());
            int recorded = Math.min(30, remaining);
            for (int i = 0; i < recorded; i++) {
                scene.map(FaultRecordLayout.task(scene.faultBytes, i), true);
            }
            remaining -= recorded;
            launches++;
            assertTrue(launches <= 4, "each launch records 30 more");
        }
        assertEquals(0, scene.launch());
        scene.assertAllExecuted();
    }

    @Test
    void eachChunkExecutesItsOwnPagesAndOneReportsFaults() {
        for (int page = 0; page < 9; page++) {
            access(page, MODIFY, 16, 24);
        }
        Scene scene = new Scene(9, 16);
        scene.mapAll();
        scene.set(8, DevicePteLayout.NONE);
        ClBuffer whole = scene.heap;
        ClBuffer second = use(whole.subBuffer(4 * PAGE, 4 * PAGE));
        ClBuffer third = use(whole.subBuffer(8 * PAGE, PAGE));
        assertEquals(1, scene.launch(whole, 0, 4, true));
        assertEquals(0, scene.launch(second, 1, 4, false));
        assertEquals(0, scene.launch(third, 2, 4, false));
        BitSet mapped = new BitSet();
        mapped.set(0, 8);
        scene.assertExecuted(mapped);
        scene.mapAll();
        assertEquals(0, scene.launch(third, 2, 4, true));
        scene.assertAllExecuted();
    }

    @Test
    void taskMayRunOnAnyPageOfTheHeap() {
        access(0, STORE, 0, PAGE);
        access(0, LOAD, 0, PAGE);
        Scene scene = new Scene(1 << 10, 16);
        int last = (1 << 10) - 1;
        scene.set(0, DevicePteLayout.of(last, true));
        assertEquals(0, scene.launch());
        AccessContents.store(scene.twin, (long) last * PAGE, PAGE, 7_000_000_000L, SEED);
        assertBytes(scene.twin, contents(scene.heap));
    }

    @Test
    void launcherRefusesWhatDoesNotFit() {
        access(0, STORE, 0, 8);
        access(1, STORE, 0, 8);
        Scene scene = new Scene(2, 4);
        AccessBatch batch = scene.batch;
        ClBuffer small = buffer(4);
        Class<IllegalArgumentException> refused = IllegalArgumentException.class;
        assertThrows(
                refused, () -> launcher.enqueue(queue, batch, small, scene.heap, 12, 0, 2, true));
        assertThrows(
                refused,
                () -> launcher.enqueue(queue, batch, scene.ptes, scene.heap, 11, 0, 2, true));
        assertThrows(
                refused,
                () -> launcher.enqueue(queue, batch, scene.ptes, scene.heap, 12, 0, 0, true));
        assertThrows(
                refused,
                () ->
                        new AccessBatch(
                                batch.tasks(),
                                3,
                                batch.records(),
                                batch.results(),
                                batch.done(),
                                batch.faults(),
                                4,
                                SEED));
        assertThrows(
                refused,
                () ->
                        new AccessBatch(
                                batch.tasks(),
                                2,
                                batch.records(),
                                batch.results(),
                                batch.done(),
                                batch.faults(),
                                5,
                                SEED));
    }
}
