package farpage.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import farpage.emulator.copy.AccessBatch;
import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyCounters;
import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyFence;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.CopyTable;
import farpage.emulator.copy.PageBuffers;
import farpage.mm.Check;
import farpage.mm.Page;
import farpage.mm.lock.HeldRanks;
import farpage.opencl.ClBinding;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClError;
import farpage.opencl.inject.CallKind;
import farpage.opencl.inject.FaultPlan;
import farpage.opencl.inject.InjectingBinding;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The copy engine over two buffers, with every way that a page can take.
abstract class CopyEngineContract extends ClContract {
    /// More than the staging memory holds, so that its slots are used again.
    private static final int RAM_PAGES = 1600;

    private static final int BUFFER_PAGES = 800;

    /// So few that RAM takes several windows.
    private static final int WINDOW_PAGES = 512;

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

    @Override
    final ClBinding open() {
        return new InjectingBinding(super.open(), faults);
    }

    @BeforeEach
    void makeHeap() {
        heap =
                new Heap(
                        List.of(
                                buffer((long) BUFFER_PAGES * PAGE),
                                buffer((long) BUFFER_PAGES * PAGE)));
        ram = pattern((long) RAM_PAGES * PAGE, 1);
        copyDevice = use(CopyDevice.open(context, device, ram, (long) WINDOW_PAGES * PAGE));
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

    /// A plan of one method, unless the device can not copy so.
    private CopyPlan possible(CopyMethod method) {
        assumeTrue(
                copyDevice.methods().contains(method),
                () -> method.obstacle(copyDevice.abilities()).orElseThrow());
        return CopyPlan.only(method);
    }

    /// One test for all, because making the kernels takes most of its time.
    @ParameterizedTest
    @EnumSource(CopyMethod.class)
    void pagesArriveAndComeBackByEveryMethod(CopyMethod method) throws Exception {
        CopyPlan plan = possible(method);
        assertRoundTrip(plan, method.label().hashCode());
        CopyEngine engine = engine(plan);
        checkOnePage(engine);
        checkRunAcrossBuffersAndWindows(engine);
        checkManyBatchesUnderWay(engine);
        checkThreadsBesideEachOther(engine);
        assertEquals(0, engine.statistics().failures());
        checkFailureBesideAnotherBatch(engine, method);
        assertTrue(HeldRanks.holdsNothing());
    }

    @Test
    void runsStraightAndTheRestThroughStaging() {
        assertRoundTrip(runsStraight(), 103);
    }

    @Test
    void whatSuitsTheDevice() {
        assertRoundTrip(copyDevice.defaultPlan(), 104);
    }

    @Test
    void aPlanMayBeChangedBetweenBatches() {
        CopyEngine engine = engine(CopyPlan.only(CopyMethod.DIRECT));
        for (CopyPlan plan : List.of(copyDevice.defaultPlan(), runsStraight())) {
            engine.usePlan(plan);
            assertEquals(plan, engine.plan());
            fillDevice(0xaa);
            int[] sourceOf = shuffledPairs(5);
            assertTrue(engine.toDevice(batch).isCopied());
            assertDeviceHolds(sourceOf);
        }
    }

    private void checkOnePage(CopyEngine engine) {
        MemorySegment expected = arena.allocate(PAGE).copyFrom(ramPage(7));
        batch.clear();
        batch.add(Page.ofPfn(7), Page.ofDevicePfn(901));
        assertTrue(engine.toDevice(batch).isCopied());
        ramPage(7).fill((byte) 0);
        batch.clear();
        batch.add(Page.ofDevicePfn(901), Page.ofPfn(1234));
        assertTrue(engine.toSystem(batch).isCopied());
        assertBytes(expected, ramPage(1234));
        batch.clear();
        batch.addZero(Page.ofDevicePfn(901));
        assertTrue(engine.toDevice(batch).isCopied());
        assertBytes(
                arena.allocate(PAGE), contents(heap.buffers().get(1)).asSlice(101L * PAGE, PAGE));
        assertEquals(2, engine.statistics().toDevice().batches());
        assertEquals(1, engine.statistics().toDevice().clearedPages());
        assertEquals(1, engine.statistics().toSystem().pages());
    }

    private void checkRunAcrossBuffersAndWindows(CopyEngine engine) {
        MemorySegment expected = arena.allocate(ram.byteSize(), 64).copyFrom(ram);
        batch.clear();
        batch.add(Page.ofPfn(0), Page.ofDevicePfn(0), RAM_PAGES);
        assertTrue(engine.toDevice(batch).isCopied());
        for (int half = 0; half < 2; half++) {
            long from = (long) half * BUFFER_PAGES * PAGE;
            assertBytes(
                    expected.asSlice(from, (long) BUFFER_PAGES * PAGE),
                    contents(heap.buffers().get(half)));
        }
        ram.fill((byte) 0x55);
        batch.clear();
        batch.add(Page.ofDevicePfn(0), Page.ofPfn(0), RAM_PAGES);
        assertTrue(engine.toSystem(batch).isCopied());
        assertBytes(expected, ram);
    }

    private void checkManyBatchesUnderWay(CopyEngine engine) {
        MemorySegment expected = arena.allocate(ram.byteSize(), 64).copyFrom(ram);
        int size = RAM_PAGES / 8;
        List<CopyFence> fences = new ArrayList<>();
        for (int part = 0; part < 8; part++) {
            addEverySecond(part * size, size, true);
            fences.add(engine.startToDevice(batch));
        }
        for (CopyFence fence : fences.reversed()) {
            assertTrue(fence.await().isCopied());
        }
        fences.clear();
        ram.fill((byte) 0x55);
        for (int part = 0; part < 8; part++) {
            addEverySecond(part * size, size, false);
            fences.add(engine.startToSystem(batch));
        }
        for (CopyFence fence : fences.reversed()) {
            assertTrue(fence.await().isCopied());
        }
        assertBytes(expected, ram);
    }

    /// Pages of a part, the even ones first, each with the device page of its number.
    private void addEverySecond(int first, int count, boolean toDevice) {
        batch.clear();
        for (int i = 0; i < count; i++) {
            int page = first + (2 * i < count ? 2 * i : 2 * i - count + 1);
            long system = Page.ofPfn(page);
            long onDevice = Page.ofDevicePfn(page);
            batch.add(toDevice ? system : onDevice, toDevice ? onDevice : system);
        }
    }

    private void checkThreadsBesideEachOther(CopyEngine engine) throws Exception {
        MemorySegment expected = arena.allocate(ram.byteSize(), 64).copyFrom(ram);
        List<Callable<Boolean>> workers = new ArrayList<>();
        for (int worker = 0; worker < 2; worker++) {
            int base = worker * RAM_PAGES / 2;
            workers.add(() -> copyBackAndForth(engine, base));
        }
        try (ExecutorService executor = Executors.newFixedThreadPool(2)) {
            for (Future<Boolean> copied : executor.invokeAll(workers)) {
                assertTrue(copied.get());
            }
        }
        assertBytes(expected, ram);
    }

    private boolean copyBackAndForth(CopyEngine engine, int base) {
        CopyBatch own = new CopyBatch(100);
        for (int round = 0; round < 8; round++) {
            own.clear();
            for (int i = 0; i < 100; i++) {
                own.add(Page.ofPfn(base + 8L * i), Page.ofDevicePfn(base + 7L * i));
            }
            if (!engine.toDevice(own).isCopied()) {
                return false;
            }
            own.clear();
            for (int i = 0; i < 100; i++) {
                ramPage(base + 8 * i).fill((byte) round);
                own.add(Page.ofDevicePfn(base + 7L * i), Page.ofPfn(base + 8L * i));
            }
            if (!engine.toSystem(own).isCopied()) {
                return false;
            }
        }
        return true;
    }

    @Test
    void oneLongRunInOneWindowIsOneCommand() {
        CopyEngine engine = engine(CopyPlan.only(CopyMethod.DIRECT));
        batch.clear();
        for (int page = 0; page < WINDOW_PAGES; page++) {
            batch.add(Page.ofPfn(page), Page.ofDevicePfn(page));
        }
        assertTrue(engine.toDevice(batch).isCopied());
        assertEquals(1, engine.statistics().toDevice().commands());
        assertBytes(
                ram.asSlice(0, (long) WINDOW_PAGES * PAGE),
                contents(heap.buffers().getFirst()).asSlice(0, (long) WINDOW_PAGES * PAGE));
    }

    @Test
    void aFolioIsOneCommandInEachDirectionAndToBeCleared() {
        CopyEngine engine = engine(CopyPlan.only(CopyMethod.DIRECT));
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

    @ParameterizedTest
    @EnumSource(CopyMethod.class)
    void pagesMoveWithinTheDeviceByEveryMethod(CopyMethod method) {
        checkMovesWithin(possible(method), 1);
    }

    @ParameterizedTest
    @EnumSource(names = {"DIRECT", "STAGED_ITEM", "STAGED_GROUP"})
    void aDeviceWithMemoryOfItsOwnIsSentTheListOfWhatMoves(CopyMethod method) {
        copyDevice = use(CopyDevice.openApart(context, device, ram));
        checkMovesWithin(possible(method), 2);
    }

    /// Pages move from anywhere to anywhere else, between both buffers.
    ///
    /// @param commands that one launch takes
    private void checkMovesWithin(CopyPlan plan, int commands) {
        CopyMethod method = plan.withinDevice().method(RAM_PAGES);
        CopyEngine engine = engine(plan);
        int[] holds = shuffleWithin(engine, 1);
        assertDeviceHolds(holds);
        CopyCounters counters = engine.statistics().withinDevice();
        assertEquals(batch.count(), counters.pages());
        if (method == CopyMethod.DIRECT) {
            assertTrue(counters.commands() > 150, counters.toString());
        } else {
            assertEquals(4L * commands, counters.commands(), "one for each pair of buffers");
        }
        faults.failNext(callOf(method, CallKind.COPY), ClError.OUT_OF_RESOURCES);
        assertDeviceHolds(shuffleWithin(engine, 2));
        assertEquals(1, engine.statistics().failures());
        assertTrue(HeldRanks.holdsNothing());
    }

    /// @return for every device page the RAM page whose bytes it has
    private int[] shuffleWithin(CopyEngine engine, long seed) {
        batch.clear();
        batch.add(Page.ofPfn(0), Page.ofDevicePfn(0), RAM_PAGES);
        assertTrue(engine.toDevice(batch).isCopied());
        SplittableRandom random = new SplittableRandom(seed);
        List<Integer> groups = new ArrayList<>();
        for (int group = 0; group < RAM_PAGES / 4; group++) {
            groups.add(random.nextInt(group + 1), group);
        }
        int[] holds = new int[RAM_PAGES];
        Arrays.setAll(holds, page -> page);
        batch.clear();
        for (int i = 0; i < groups.size() / 2; i++) {
            int from = 4 * groups.get(i);
            int to = 4 * groups.get(groups.size() / 2 + i);
            int length = 1 + random.nextInt(4);
            batch.add(Page.ofDevicePfn(from), Page.ofDevicePfn(to), length);
            for (int page = 0; page < length; page++) {
                holds[to + page] = from + page;
            }
        }
        assertTrue(engine.withinDevice(batch).isCopied());
        return holds;
    }

    @Test
    void runsOfOneMoveAreCutAtTheEndsOfBuffers() {
        CopyEngine engine = engine(CopyPlan.only(CopyMethod.DIRECT));
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
        assertEquals(3, engine.statistics().withinDevice().commands());
    }

    @Test
    void aFolioThatCanNotMoveIsMissingAlone() {
        CopyEngine engine = engine(CopyPlan.only(CopyMethod.STAGED_ITEM));
        batch.clear();
        batch.add(Page.ofPfn(0), Page.ofDevicePfn(0), 8);
        assertTrue(engine.toDevice(batch).isCopied());
        batch.clear();
        batch.add(Page.ofDevicePfn(4), Page.ofDevicePfn(100), 4);
        batch.add(Page.ofDevicePfn(0), Page.ofDevicePfn(900), 4);
        faults.failNext(CallKind.LAUNCH, ClError.OUT_OF_RESOURCES);
        faults.failNext(CallKind.COPY, ClError.OUT_OF_RESOURCES);
        CopyResult result = engine.withinDevice(batch);
        assertEquals(4, assertInstanceOf(CopyResult.Partial.class, result).missing().pageCount());
        assertFalse(result.hasCopied(Page.ofDevicePfn(100), 4));
        assertBytes(
                ram.asSlice(0, 4L * PAGE),
                contents(heap.buffers().get(1)).asSlice(100L * PAGE, 4L * PAGE));
    }

    @Test
    void aPageThatMovesIsNotWrittenByTheSameBatch() {
        CopyEngine engine = engine(copyDevice.defaultPlan());
        batch.clear();
        batch.add(Page.ofDevicePfn(0), Page.ofDevicePfn(10), 4);
        batch.add(Page.ofDevicePfn(20), Page.ofDevicePfn(3));
        assertThrows(Check.Broken.class, () -> engine.withinDevice(batch));
        assertEquals(0, engine.statistics().withinDevice().commands());
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
    void aBatchThatFailsOnceIsCopiedFolioByFolio() {
        CopyEngine engine = engine(runsStraight());
        int failures = 0;
        for (CallKind kind :
                List.of(CallKind.WRITE, CallKind.FILL, CallKind.LAUNCH, CallKind.MARKER)) {
            for (int nth = 1; nth <= 3; nth++) {
                fillDevice(0xaa);
                int[] sourceOf = shuffledPairs(10 + nth);
                long before = faults.injected().size();
                faults.fail(kind, faults.calls(kind) + nth, ClError.OUT_OF_RESOURCES);
                while (faults.injected().size() == before) {
                    assertTrue(engine.toDevice(batch).isCopied());
                }
                assertDeviceHolds(sourceOf);
                assertEquals(++failures, engine.statistics().failures());
                assertTrue(engine.toDevice(batch).isCopied());
                assertDeviceHolds(sourceOf);
            }
        }
        assertEquals(failures, engine.statistics().failures());
    }

    private void checkFailureBesideAnotherBatch(CopyEngine engine, CopyMethod method) {
        MemorySegment expected = arena.allocate(ram.byteSize(), 64).copyFrom(ram);
        addEverySecond(0, 700, true);
        CopyFence first = engine.startToDevice(batch);
        faults.failNext(callOf(method, CallKind.WRITE), ClError.OUT_OF_RESOURCES);
        addEverySecond(700, 700, true);
        CopyFence second = engine.startToDevice(batch);
        assertTrue(second.await().isCopied());
        assertTrue(first.await().isCopied());
        ram.asSlice(0, 1400L * PAGE).fill((byte) 0x55);
        faults.failNext(callOf(method, CallKind.READ), ClError.OUT_OF_RESOURCES);
        addEverySecond(0, 1400, false);
        assertTrue(engine.toSystem(batch).isCopied());
        assertBytes(expected, ram);
        assertEquals(2, engine.statistics().failures());
    }

    /// A call that a method needs and that trying again does not.
    private static CallKind callOf(CopyMethod method, CallKind direct) {
        return switch (method) {
            case DIRECT -> direct;
            case MAPPED -> CallKind.MAP;
            case STAGED_ITEM,
                    STAGED_GROUP,
                    IN_PLACE_ITEM,
                    IN_PLACE_ITEM_NT,
                    IN_PLACE_GROUP,
                    IN_PLACE_GROUP_NT ->
                    CallKind.LAUNCH;
        };
    }

    @Test
    void onlyFoliosThatCanNotBeCopiedAreMissing() {
        CopyEngine engine = engine(CopyPlan.only(CopyMethod.DIRECT));
        batch.clear();
        batch.add(Page.ofPfn(0), Page.ofDevicePfn(0), 16);
        batch.add(Page.ofPfn(16), Page.ofDevicePfn(16), 16);
        batch.add(Page.ofPfn(40), Page.ofDevicePfn(50));
        batch.add(Page.ofPfn(42), Page.ofDevicePfn(60));
        fillDevice(0xaa);
        // The batch itself, the run of two folios, and the second of these.
        long calls = faults.calls(CallKind.WRITE);
        for (int nth : new int[] {1, 2, 4}) {
            faults.fail(CallKind.WRITE, calls + nth, ClError.OUT_OF_RESOURCES);
        }
        CopyResult result = engine.toDevice(batch);
        CopyResult.Partial partial = assertInstanceOf(CopyResult.Partial.class, result);
        assertEquals(16, partial.missing().pageCount());
        assertTrue(result.hasCopied(Page.ofDevicePfn(0), 16));
        assertFalse(result.hasCopied(Page.ofDevicePfn(16), 16));
        assertFalse(result.hasCopied(Page.ofDevicePfn(0), 32));
        assertTrue(result.hasCopied(Page.ofDevicePfn(50), 1));
        assertTrue(result.hasCopied(Page.ofDevicePfn(60), 1));
        MemorySegment bytes = contents(heap.buffers().getFirst());
        assertBytes(ram.asSlice(0, 16L * PAGE), bytes.asSlice(0, 16L * PAGE));
        assertBytes(ramPage(40), bytes.asSlice(50L * PAGE, PAGE));
        assertBytes(ramPage(42), bytes.asSlice(60L * PAGE, PAGE));
        assertEquals(18, engine.statistics().toDevice().pages());
    }

    @Test
    void aDeviceThatCopiesNothingIsGivenUp() {
        CopyEngine engine = engine(CopyPlan.only(CopyMethod.DIRECT));
        long calls = faults.calls(CallKind.READ);
        for (int nth = 1; nth <= 300; nth++) {
            faults.fail(CallKind.READ, calls + nth, ClError.of(-5));
        }
        addEverySecond(0, 800, false);
        CopyResult.Failed failed =
                assertInstanceOf(CopyResult.Failed.class, engine.toSystem(batch));
        assertEquals("clEnqueueReadBuffer", failed.cause().call());
        assertTrue(faults.calls(CallKind.READ) - calls < 200, "gives up");
        assertFalse(failed.hasCopied(Page.ofPfn(0), 1));
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
