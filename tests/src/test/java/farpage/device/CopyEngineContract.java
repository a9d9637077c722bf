package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.emulator.copy.AccessBatch;
import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyCounters;
import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.CopyTable;
import farpage.emulator.copy.PageBuffers;
import farpage.mm.Page;
import farpage.mm.lock.HeldRanks;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The copy engine over two buffers, with every way that a page can take.
abstract class CopyEngineContract extends ClContract {
    /// More than the staging memory holds, so that its slots are used again.
    private static final int RAM_PAGES = 1600;

    private static final int BUFFER_PAGES = 800;

    private final FaultPlan faults = FaultPlan.explicit();
    private final AtomicLong clock = new AtomicLong();
    private final CopyBatch batch = new CopyBatch(RAM_PAGES);
    private MemorySegment ram;
    private Heap heap;
    private CopyDevice copyDevice;

    /// Device pages 0 to 799 in one buffer and from 800 on in another.
    private record Heap(List<ClBuffer> buffers) implements PageBuffers {
        @Override
        public ClBuffer buffer(long page) {
            return buffers.get((int) (Page.devicePfn(page) / BUFFER_PAGES));
        }

        @Override
        public long offset(long page) {
            return Page.devicePfn(page) % BUFFER_PAGES * PAGE;
        }

        @Override
        public int pagesToEnd(long page) {
            return BUFFER_PAGES - (int) (Page.devicePfn(page) % BUFFER_PAGES);
        }
    }

    /// The binding that is wrapped.
    abstract ClBinding openPlain();

    @Override
    final ClBinding open() {
        return new InjectingBinding(openPlain(), faults);
    }

    @BeforeEach
    void makeHeap() {
        heap =
                new Heap(
                        List.of(
                                buffer((long) BUFFER_PAGES * PAGE),
                                buffer((long) BUFFER_PAGES * PAGE)));
        ram = pattern((long) RAM_PAGES * PAGE, 1);
        copyDevice = use(CopyDevice.open(context, device, ram));
    }

    private CopyEngine engine(CopyPlan plan) {
        return use(new CopyEngine(copyDevice, heap, plan, () -> clock.getAndAdd(10)));
    }

    /// Runs of 4 pages and more as commands, the rest through staging.
    private static CopyPlan runsStraight() {
        return CopyPlan.both(
                new CopyTable(List.of(new CopyTable.Step(1, CopyMethod.STAGED_ITEM)), 4));
    }

    /// A random one-to-one list, partly in runs, of which every seventh run has no source.
    ///
    /// @return for every device page the RAM page that it is paired with, -1 for zeros, -2 for none
    private int[] shuffledPairs(long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        int[] sourceOf = new int[2 * BUFFER_PAGES];
        Arrays.fill(sourceOf, -2);
        int[] order = random.ints(RAM_PAGES / 8, 0, 1).toArray();
        for (int i = 0; i < order.length; i++) {
            int j = random.nextInt(i + 1);
            order[i] = order[j];
            order[j] = i;
        }
        batch.clear();
        for (int group = 0; group < order.length; group++) {
            int length = 1 + random.nextInt(8);
            for (int i = 0; i < length; i++) {
                int to = order[group] * 8 + i;
                boolean zero = group % 7 == 6;
                sourceOf[to] = zero ? -1 : group * 8 + i;
                if (zero) {
                    batch.addZero(Page.ofDevicePfn(to));
                } else {
                    batch.add(Page.ofPfn(group * 8 + i), Page.ofDevicePfn(to));
                }
            }
        }
        return sourceOf;
    }

    private MemorySegment ramPage(int page) {
        return ram.asSlice((long) page * PAGE, PAGE);
    }

    private void assertDeviceHolds(int[] sourceOf) {
        MemorySegment zeros = arena.allocate(PAGE);
        for (int half = 0; half < 2; half++) {
            MemorySegment bytes = contents(heap.buffers().get(half));
            for (int page = 0; page < BUFFER_PAGES; page++) {
                int source = sourceOf[half * BUFFER_PAGES + page];
                if (source == -2) {
                    continue;
                }
                assertBytes(
                        source == -1 ? zeros : ramPage(source),
                        bytes.asSlice((long) page * PAGE, PAGE));
            }
        }
    }

    private void fillDevice(int value) {
        for (ClBuffer buffer : heap.buffers()) {
            queue.fill(buffer, 0, buffer.size(), value, 1).close();
        }
        queue.finish();
    }

    private void assertRoundTrip(CopyPlan plan, long seed) {
        CopyEngine engine = engine(plan);
        fillDevice(0xaa);
        int[] sourceOf = shuffledPairs(seed);
        assertTrue(engine.toDevice(batch).isCopied());
        assertDeviceHolds(sourceOf);
        CopyCounters toDevice = engine.statistics().toDevice();
        assertEquals(batch.count(), toDevice.pages() + toDevice.clearedPages());
        assertEquals(toDevice.pages() * PAGE, toDevice.bytes());
        assertEquals(10, toDevice.nanos());
        batch.clear();
        for (int page = 0; page < sourceOf.length; page++) {
            if (sourceOf[page] >= 0) {
                batch.add(Page.ofDevicePfn(page), Page.ofPfn(sourceOf[page]));
            }
        }
        MemorySegment expected = arena.allocate(ram.byteSize(), 64).copyFrom(ram);
        for (int page = 0; page < sourceOf.length; page++) {
            if (sourceOf[page] >= 0) {
                ramPage(sourceOf[page]).fill((byte) 0x55);
            }
        }
        assertTrue(engine.toSystem(batch).isCopied());
        assertBytes(expected, ram);
        assertEquals(batch.count(), engine.statistics().toSystem().pages());
        assertTrue(HeldRanks.holdsNothing());
    }

    @Test
    void everyRunAsACommandOfItsOwn() {
        assertRoundTrip(CopyPlan.only(CopyMethod.DIRECT), 1);
    }

    @Test
    void everythingThroughStaging() {
        assertRoundTrip(CopyPlan.only(CopyMethod.STAGED_ITEM), 2);
    }

    @Test
    void runsStraightAndTheRestThroughStaging() {
        assertRoundTrip(runsStraight(), 3);
    }

    @Test
    void whatSuitsTheDevice() {
        assertRoundTrip(copyDevice.defaultPlan(), 4);
    }

    @Test
    void oneLongRunIsOneCommand() {
        CopyEngine engine = engine(copyDevice.defaultPlan());
        batch.clear();
        for (int page = 0; page < BUFFER_PAGES; page++) {
            batch.add(Page.ofPfn(page), Page.ofDevicePfn(page));
        }
        assertTrue(engine.toDevice(batch).isCopied());
        assertEquals(1, engine.statistics().toDevice().commands());
        assertBytes(
                ram.asSlice(0, (long) BUFFER_PAGES * PAGE), contents(heap.buffers().getFirst()));
    }

    @Test
    void aFolioIsOneCommandInEachDirectionAndToBeCleared() {
        CopyEngine engine = engine(copyDevice.defaultPlan());
        MemorySegment expected =
                arena.allocate(512L * PAGE, 64).copyFrom(ram.asSlice(0, 512L * PAGE));
        batch.clear();
        batch.add(Page.ofPfn(0), Page.ofDevicePfn(0), 512);
        assertTrue(engine.toDevice(batch).isCopied());
        ram.asSlice(0, 512L * PAGE).fill((byte) 0x55);
        batch.clear();
        batch.add(Page.ofDevicePfn(0), Page.ofPfn(0), 512);
        assertTrue(engine.toSystem(batch).isCopied());
        assertBytes(expected, ram.asSlice(0, 512L * PAGE));
        batch.clear();
        batch.addZero(Page.ofDevicePfn(0), 512);
        assertTrue(engine.toDevice(batch).isCopied());
        assertBytes(
                arena.allocate(512L * PAGE),
                contents(heap.buffers().getFirst()).asSlice(0, 512L * PAGE));
        assertEquals(2, engine.statistics().toDevice().commands());
        assertEquals(512, engine.statistics().toDevice().clearedPages());
        assertEquals(1, engine.statistics().toSystem().commands());
    }

    @Test
    void pagesMoveWithinTheDevice() {
        CopyEngine engine = engine(copyDevice.defaultPlan());
        fillDevice(0xaa);
        batch.clear();
        batch.add(Page.ofPfn(0), Page.ofDevicePfn(0), 64);
        assertTrue(engine.toDevice(batch).isCopied());
        batch.clear();
        batch.add(Page.ofDevicePfn(0), Page.ofDevicePfn(790), 32);
        batch.add(Page.ofDevicePfn(40), Page.ofDevicePfn(100));
        assertTrue(engine.withinDevice(batch).isCopied());
        MemorySegment first = contents(heap.buffers().getFirst());
        MemorySegment second = contents(heap.buffers().get(1));
        assertBytes(ram.asSlice(0, 10L * PAGE), first.asSlice(790L * PAGE, 10L * PAGE));
        assertBytes(ram.asSlice(10L * PAGE, 22L * PAGE), second.asSlice(0, 22L * PAGE));
        assertBytes(ramPage(40), first.asSlice(100L * PAGE, PAGE));
        CopyCounters counters = engine.statistics().withinDevice();
        assertEquals(33, counters.pages());
        assertEquals(3, counters.commands());
        faults.fail(CallKind.COPY, faults.calls(CallKind.COPY) + 1, ClError.OUT_OF_RESOURCES);
        assertFalse(engine.withinDevice(batch).isCopied());
        assertTrue(engine.withinDevice(batch).isCopied());
    }

    @Test
    void emptyBatchAsksNothingOfTheDevice() {
        CopyEngine engine = engine(copyDevice.defaultPlan());
        batch.clear();
        assertTrue(engine.toDevice(batch).isCopied());
        assertTrue(engine.toSystem(batch).isCopied());
        assertEquals(0, engine.statistics().toDevice().batches());
    }

    @Test
    void everyFailureLeavesAnEngineThatWorks() {
        CopyEngine engine = engine(runsStraight());
        for (CallKind kind :
                List.of(CallKind.WRITE, CallKind.FILL, CallKind.LAUNCH, CallKind.FINISH)) {
            for (int nth = 1; nth <= 3; nth++) {
                fillDevice(0xaa);
                int[] sourceOf = shuffledPairs(10 + nth);
                long before = faults.injected().size();
                faults.fail(kind, faults.calls(kind) + nth, ClError.OUT_OF_RESOURCES);
                boolean copied = engine.toDevice(batch).isCopied();
                if (copied) {
                    // One wait a batch: the second fails the next batch, and so on.
                    assertEquals(CallKind.FINISH, kind);
                    assertEquals(before, faults.injected().size());
                }
                while (faults.injected().size() == before) {
                    copied = engine.toDevice(batch).isCopied();
                }
                assertFalse(copied);
                assertTrue(engine.toDevice(batch).isCopied());
                assertDeviceHolds(sourceOf);
            }
        }
        assertEquals(12, engine.statistics().failures());
    }

    @Test
    void failedReadIsReportedWithItsCall() {
        CopyEngine engine = engine(runsStraight());
        int[] sourceOf = shuffledPairs(20);
        assertTrue(engine.toDevice(batch).isCopied());
        MemorySegment expected = arena.allocate(ram.byteSize(), 64).copyFrom(ram);
        batch.clear();
        for (int page = 0; page < sourceOf.length; page++) {
            if (sourceOf[page] >= 0) {
                batch.add(Page.ofDevicePfn(page), Page.ofPfn(sourceOf[page]));
            }
        }
        for (int nth = 1; nth <= 4; nth++) {
            faults.partial(CallKind.READ, faults.calls(CallKind.READ) + nth, 100, ClError.of(-5));
            CopyResult result = engine.toSystem(batch);
            CopyResult.Failed failed = assertInstanceOf(CopyResult.Failed.class, result);
            assertEquals("clEnqueueReadBuffer", failed.cause().call());
            assertTrue(engine.toSystem(batch).isCopied());
            assertBytes(expected, ram);
        }
    }

    @Test
    void deviceAccessesMoveRunsBetweenPagesAndABuffer() {
        CopyEngine engine = engine(copyDevice.defaultPlan());
        AccessBatch access = new AccessBatch();
        MemorySegment data = pattern(6 * PAGE, 5);
        long[] pages = {10, 11, 799, 800, 3, 4};
        for (int i = 0; i < pages.length; i++) {
            long page = Page.ofDevicePfn(pages[i]);
            access.add(page, (long) i * PAGE, heap.pagesToEnd(page));
        }
        assertTrue(engine.write(access, data).isCopied());
        MemorySegment back = arena.allocate(data.byteSize(), 64);
        assertTrue(engine.read(access, back).isCopied());
        assertBytes(data, back);
        assertEquals(4, engine.statistics().deviceReads().commands());
        assertBytes(data.asSlice(3 * PAGE, PAGE), contents(heap.buffers().get(1)).asSlice(0, PAGE));
    }
}
