package farpage.emulator.churn;

import farpage.emulator.EmulatedDevice;
import farpage.emulator.Emulator;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.inspect.EmulatorInvariants;
import farpage.emulator.workload.MemoryDigest;
import farpage.mm.Check;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioOrders;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/// One process whose regions come to a device and go again.
///
/// How much of the device is to be in use follows a wave: half of the time a half of it, else
/// between a quarter and seven eighths, so that what is small arrives when much is free and leaves
/// when little is. Regions have 1 to 512 pages, as often of each order of magnitude; one of ten
/// lives ten times as long as the others.
///
/// @kernel none
public final class ChurnScene implements AutoCloseable {
    /// The least memory that a device must have.
    public static final long DEVICE_MEMORY_MIN = 16L << 20;

    /// Steps of one wave.
    private static final int WAVE_STEPS = 6_000;

    /// Half of the memory is free if this share of it is, give or take.
    private static final double HALF = 0.5;

    private static final double HALF_TOLERANCE = 0.05;

    /// Regions of the last round.
    private static final int LAST_REGIONS = 64;

    private final Emulator emulator;
    private final EmulatedDevice device;
    private final DeviceMemory memory;
    private final ChurnMemory process;
    private final long seed;
    private final SplittableRandom random;
    private final long totalPages;
    private final PriorityQueue<ChurnRegion> regions =
            new PriorityQueue<>(Comparator.comparingLong(ChurnRegion::end));

    /// The same, to draw one at random.
    private final List<ChurnRegion> drawn = new ArrayList<>();

    private final List<ChurnSample> samples = new ArrayList<>();
    private long steps;
    private long regionCount;
    private long splits;
    private long halfFreeSteps;
    private double largeShareMin = 1;

    /// Takes all of the device's memory and has folios of every size that the device uses made for
    /// the process.
    public ChurnScene(Emulator emulator, long seed) {
        this.emulator = emulator;
        this.device = emulator.device(0);
        this.memory = device.memory();
        this.seed = seed;
        this.random = new SplittableRandom(seed);
        emulator.machine().hugePages().useAlways(memory.orders());
        memory.lock();
        this.totalPages = memory.grow(PageSize.pageNumber(memory.limitBytes()));
        memory.unlock();
        this.process = new ChurnMemory(emulator.newProcess(), device);
    }

    /// Steps done so far.
    public long steps() {
        return steps;
    }

    /// Does one thing, looks at what is free, and has the device's worker do its part.
    public void step() {
        steps++;
        long live = totalPages - memory.freePageCount();
        if (live < targetPages() && mappedRoom()) {
            begin();
        } else {
            endNext();
        }
        if (random.nextInt(4) == 0 && !regions.isEmpty()) {
            disturb(drawn.get(random.nextInt(drawn.size())));
        }
        observe();
        device.compactIfFragmented();
    }

    /// Pages that are to be in use.
    private long targetPages() {
        double phase = (double) (steps % WAVE_STEPS) / WAVE_STEPS;
        double share = HALF;
        if (phase >= 0.5) {
            double wave = Math.sin((phase - 0.5) * 4 * Math.PI);
            share += wave * (wave > 0 ? 0.375 : 0.25);
        }
        return (long) (share * totalPages);
    }

    /// Regions that were brought back in part take system memory; that has an end too.
    private boolean mappedRoom() {
        return emulator.machine().ram().freePageCount() > 4 * PageSize.ENTRIES_PER_TABLE;
    }

    private int randomSize(SplittableRandom from) {
        int order = from.nextInt(FolioOrders.MAX_ORDER + 1);
        int least = 1 << order;
        return order == FolioOrders.MAX_ORDER || from.nextBoolean()
                ? least
                : least + from.nextInt(least);
    }

    private void begin() {
        long mean = totalPages / 64;
        double life = -Math.log(1 - random.nextDouble()) * mean;
        long end = steps + 1 + (long) (random.nextInt(10) == 0 ? 10 * life : life);
        ChurnRegion region = process.map(seed ^ regionCount++, randomSize(random), end);
        if (random.nextInt(8) != 0) {
            process.cpuWrites(region);
        }
        process.migrateToDevice(region);
        regions.add(region);
        drawn.add(region);
    }

    private void endNext() {
        ChurnRegion region = regions.poll();
        if (region != null) {
            drawn.remove(region);
            end(region);
        }
    }

    private void end(ChurnRegion region) {
        if (random.nextInt(4) == 0) {
            process.cpuVerifies(region);
        } else {
            process.deviceVerifies(region);
        }
        process.end(region);
    }

    /// Writes a region anew, takes a part of it away, or has a part brought back.
    private void disturb(ChurnRegion region) {
        int pageCount = region.mapped().length();
        int page = region.mapped().nextSetBit(random.nextInt(pageCount));
        switch (random.nextInt(4)) {
            case 0 -> process.deviceWrites(region);
            case 1 -> {
                process.migrateToSystem(region, page);
                process.migrateToDevice(region);
            }
            case 2 -> {
                process.cpuVerifies(region, page);
                splits++;
            }
            default -> unmapPart(region, page);
        }
    }

    private void unmapPart(ChurnRegion region, int page) {
        int count = 1 + random.nextInt(Math.max(1, region.mapped().length() - page));
        process.unmap(region, page, count);
        splits++;
        int left = region.mapped().nextSetBit(0);
        if (left < 0) {
            regions.remove(region);
            drawn.remove(region);
            process.end(region);
        } else {
            process.cpuVerifies(region, left);
        }
    }

    private void observe() {
        long free = memory.freePageCount();
        if (Math.abs((double) free / totalPages - HALF) <= HALF_TOLERANCE) {
            halfFreeSteps++;
            long large = memory.freePageCount(FolioOrders.MAX_ORDER);
            largeShareMin = Math.min(largeShareMin, (double) large / free);
        }
    }

    /// Ends a stretch.
    ///
    /// @param nanos since the start
    public ChurnSample sample(long nanos) {
        long free = memory.freePageCount();
        ChurnSample sample =
                new ChurnSample(
                        nanos,
                        totalPages - free,
                        free,
                        memory.freePageCount(FolioOrders.MAX_ORDER),
                        halfFreeSteps,
                        largeShareMin,
                        memory.statistics().compactedPages());
        samples.add(sample);
        halfFreeSteps = 0;
        largeShareMin = 1;
        return sample;
    }

    /// Ends what is left, checks everything, and does one last round that depends on the seed
    /// alone.
    public ChurnResult finish() {
        EmulatorInvariants.assertHold(emulator);
        while (!regions.isEmpty()) {
            endNext();
        }
        Check.that(
                memory.freePageCount() == totalPages, "pages stayed on the device of no process");
        long digest = lastRound();
        EmulatorInvariants.assertHold(emulator);
        return new ChurnResult(
                samples,
                steps,
                regionCount,
                splits,
                process.verifiedBytes(),
                memory.statistics(),
                digest);
    }

    private long lastRound() {
        SplittableRandom sizes = new SplittableRandom(~seed);
        MemoryDigest digest = new MemoryDigest();
        long pageNumber = 0;
        for (int number = 0; number < LAST_REGIONS; number++) {
            int pageCount = randomSize(sizes);
            ChurnRegion region = process.map(~seed ^ number, pageCount, 0);
            process.cpuWrites(region);
            process.migrateToDevice(region);
            process.deviceVerifies(region);
            for (int page = 0; page < pageCount; page++) {
                digest.add(pageNumber++, process.seen(), PageSize.pageAddress(page));
            }
            process.end(region);
        }
        return digest.value();
    }

    /// Ends the process, which gives all pages back.
    @Override
    public void close() {
        process.close();
    }
}
