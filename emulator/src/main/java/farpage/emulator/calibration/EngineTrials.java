package farpage.emulator.calibration;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.EmulatorConfig;
import farpage.emulator.copy.AccessBatch;
import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyMethod;
import farpage.emulator.copy.CopyPlan;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.devmem.DeviceChunk;
import farpage.emulator.devmem.DeviceMemory;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.LongSupplier;

/// Trials with the copy engine of a device, on the memory that migrations use: RAM and device
/// memory of a machine that runs nothing.
///
/// No page is allocated: a copy engine knows bytes, not pages in use. The lower half of RAM holds
/// the *originals*, each page different from all others; pages come back to the upper half. Each
/// batch takes up where the one before ended in a shuffled order, so that its bytes come from
/// memory as they do in a migration, and not from a cache.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer, and the kernels of each [CopyMethod]
final class EngineTrials implements CopyTrials, AutoCloseable {
    /// Originals: 32 MiB. As many pages take what comes back.
    private static final int RAM_PAGES = 1 << 13;

    private static final int DEVICE_PAGES = 1 << 13;

    /// Scattered batches whose bytes are compared: one page, some, and more than staging memory
    /// takes at once.
    private static final Set<Integer> COMPARED_PAGES = Set.of(1, 4, 256, 1024);

    /// Pages that are read one by one.
    private static final int COMMANDS_MAX = 512;

    /// Frames that are left to the machine.
    private static final int SPARE_PAGES = 1 << 10;

    /// Pages of random bytes; the others repeat them, each with a word of its own.
    private static final int RANDOM_PAGES = 1 << 8;

    private final LongSupplier nanoClock;
    private final Emulator emulator;
    private final Arena arena = Arena.ofConfined();
    private final MemorySegment ram;
    private final CopyEngine engine;
    private final DeviceMemory memory;
    private final long firstDevicePage;
    private final CopyPlan guess;
    private final MemorySegment arrived = arena.allocate(PageSize.pageAddress(DEVICE_PAGES), 4096);
    private final CopyBatch batch = new CopyBatch(RAM_PAGES);
    private final AccessBatch reading = new AccessBatch();
    private final PagePool originals;
    private final PagePool returned;
    private final PagePool onDevice;

    /// The original that each device page holds.
    private final int[] held = new int[DEVICE_PAGES];

    /// The batch that was made last: the original of each page, and where a copy of it lies.
    private final int[] batchOriginals = new int[RAM_PAGES];

    private final int[] batchCopies = new int[RAM_PAGES];

    EngineTrials(EmulatorConfig config, long seed, LongSupplier nanoClock) {
        this.nanoClock = nanoClock;
        SplittableRandom random = new SplittableRandom(seed);
        this.originals = new PagePool(RAM_PAGES, random.split());
        this.returned = new PagePool(RAM_PAGES, random.split());
        this.onDevice = new PagePool(DEVICE_PAGES, random.split());
        this.emulator = new Emulator(sizes(config));
        boolean complete = false;
        try {
            EmulatedDevice device = emulator.device(0);
            this.ram = emulator.machine().ram().segment();
            this.engine = device.copyEngine();
            this.memory = device.memory();
            this.firstDevicePage = firstPage(memory);
            this.guess = engine.plan();
            fillOriginals(random);
            fillDevice();
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    /// One device, no others, and one chunk of its memory.
    private static EmulatorConfig sizes(EmulatorConfig config) {
        long deviceSize = PageSize.pageAddress(DEVICE_PAGES);
        return config.withDeviceCount(1)
                .withCoherentDevices(List.of())
                .withRamSize(PageSize.pageAddress(SPARE_PAGES + 2 * RAM_PAGES))
                .withDeviceMemory(deviceSize)
                .withChunkSize(deviceSize);
    }

    private static long firstPage(DeviceMemory memory) {
        memory.lock();
        try {
            memory.grow(DEVICE_PAGES);
            List<DeviceChunk> chunks = memory.chunks();
            if (chunks.isEmpty() || chunks.getFirst().pageCount() < DEVICE_PAGES) {
                throw new CalibrationException(
                        "the device does not give %d MiB of memory in one piece"
                                .formatted(PageSize.pageAddress(DEVICE_PAGES) >> 20));
            }
            return DeviceMemory.page(chunks.getFirst(), 0);
        } finally {
            memory.unlock();
        }
    }

    private void fillOriginals(SplittableRandom random) {
        long randomEnd = originalOffset(RANDOM_PAGES);
        for (long at = originalOffset(0); at < randomEnd; at += Long.BYTES) {
            ram.set(ValueLayout.JAVA_LONG, at, random.nextLong());
        }
        for (int page = RANDOM_PAGES; page < RAM_PAGES; page++) {
            MemorySegment.copy(
                    ram,
                    originalOffset(page % RANDOM_PAGES),
                    ram,
                    originalOffset(page),
                    PageSize.PAGE_SIZE);
            long word = random.nextInt(PageSize.PAGE_SIZE / Long.BYTES) * (long) Long.BYTES;
            ram.set(ValueLayout.JAVA_LONG, originalOffset(page) + word, random.nextLong());
        }
    }

    private void fillDevice() {
        engine.usePlan(CopyPlan.only(CopyMethod.DIRECT));
        batch.clear();
        batch.add(systemPage(0), firstDevicePage, DEVICE_PAGES);
        require(engine.toDevice(batch));
        Arrays.setAll(held, page -> page);
    }

    /// @param place of an original, or behind them of a page that came back
    private static long systemPage(int place) {
        return Page.ofPfn(SPARE_PAGES + place);
    }

    private static long originalOffset(int original) {
        return HostMemory.offset(systemPage(original));
    }

    private static void require(CopyResult result) {
        if (result instanceof CopyResult.Failed(ClException cause)) {
            throw cause;
        }
    }

    /// The plan that the device had before anything was tried.
    CopyPlan guess() {
        return guess;
    }

    @Override
    public Set<CopyMethod> methods() {
        return engine.methods();
    }

    @Override
    public Optional<String> prove(CopyMethod method, PlanDirection direction, CopyLayout layout) {
        try {
            engine.usePlan(CopyPlan.only(method));
            fillBatch(direction, layout);
            require(copy(direction));
        } catch (ClException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
        boolean isCompared = !layout.isScattered() || COMPARED_PAGES.contains(layout.pages());
        if (!isCompared) {
            return Optional.empty();
        }
        return switch (direction) {
            case TO_DEVICE -> {
                readBack(layout.pages());
                yield difference(layout, arrived, 0);
            }
            case TO_SYSTEM -> difference(layout, ram, originalOffset(RAM_PAGES));
        };
    }

    @Override
    public long time(CopyMethod method, PlanDirection direction, CopyLayout layout) {
        engine.usePlan(CopyPlan.only(method));
        fillBatch(direction, layout);
        long start = nanoClock.getAsLong();
        CopyResult result = copy(direction);
        long end = nanoClock.getAsLong();
        require(result);
        return end - start;
    }

    private CopyResult copy(PlanDirection direction) {
        return switch (direction) {
            case TO_DEVICE -> engine.toDevice(batch);
            case TO_SYSTEM -> engine.toSystem(batch);
        };
    }

    private void fillBatch(PlanDirection direction, CopyLayout layout) {
        batch.clear();
        int runPages = layout.runPages();
        for (int first = 0; first < layout.pages(); first += runPages) {
            int place = onDevice.take(runPages);
            switch (direction) {
                case TO_DEVICE -> addToDevice(first, originals.take(runPages), place, runPages);
                case TO_SYSTEM -> addToSystem(first, place, returned.take(runPages), runPages);
            }
        }
    }

    private void addToDevice(int first, int original, int place, int runPages) {
        batch.add(systemPage(original), firstDevicePage + place, runPages);
        for (int i = 0; i < runPages; i++) {
            held[place + i] = original + i;
            batchOriginals[first + i] = original + i;
            batchCopies[first + i] = place + i;
        }
    }

    private void addToSystem(int first, int place, int landing, int runPages) {
        batch.add(firstDevicePage + place, systemPage(RAM_PAGES + landing), runPages);
        for (int i = 0; i < runPages; i++) {
            batchOriginals[first + i] = held[place + i];
            batchCopies[first + i] = landing + i;
        }
    }

    /// Has the device's copies of the batch read by plain commands, all of its memory by one if
    /// that is less work.
    private void readBack(int pages) {
        boolean readsAll = pages > COMMANDS_MAX;
        reading.clear();
        for (int i = 0; i < (readsAll ? DEVICE_PAGES : pages); i++) {
            int place = readsAll ? i : batchCopies[i];
            long page = firstDevicePage + place;
            reading.add(page, PageSize.pageAddress(place), memory.pagesToEnd(page));
        }
        require(engine.read(reading, arrived));
    }

    /// Compares the copies with the originals.
    ///
    /// @param base where copy 0 would lie
    private Optional<String> difference(CopyLayout layout, MemorySegment copies, long base) {
        for (int i = 0; i < layout.pages(); i++) {
            long original = originalOffset(batchOriginals[i]);
            long copy = base + PageSize.pageAddress(batchCopies[i]);
            long at =
                    MemorySegment.mismatch(
                            ram,
                            original,
                            original + PageSize.PAGE_SIZE,
                            copies,
                            copy,
                            copy + PageSize.PAGE_SIZE);
            if (at >= 0) {
                return Optional.of(
                        "byte %d of page %d of %s differs after the copy".formatted(at, i, layout));
            }
        }
        return Optional.empty();
    }

    @Override
    public void close() {
        arena.close();
        emulator.close();
    }
}
