package farpage.testing;

import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.RegionAdvice;
import farpage.emulator.trace.RegionKind;
import farpage.emulator.trace.RegionProtection;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Draws random operations. For each run some kinds are left out and the others get weights of wild
/// ratios, so that runs differ more than their operations do.
///
/// @kernel none; the way of the recorded traces
public final class Operations {
    private static final List<String> REGIONS = List.of("A", "B", "C", "D");
    private static final int HEAVIEST = 6;

    /// The most of some weights: each fork leaves device files open, each pin keeps a page in
    /// place.
    private static final int FORKS = 4;

    private static final int PINS = 4;

    /// Swap areas that are ever taken into use.
    private static final int SWAP_AREAS = 4;

    private static final List<RegionKind> FILE_KINDS =
            List.of(RegionKind.SHARED_ANON, RegionKind.MEMFD_SHARED, RegionKind.MEMFD_PRIVATE);

    /// Some more often than others.
    private static final List<RegionAdvice> ADVICE =
            List.of(
                    RegionAdvice.DONTNEED,
                    RegionAdvice.DONTNEED,
                    RegionAdvice.REMOVE,
                    RegionAdvice.FREE,
                    RegionAdvice.MERGEABLE,
                    RegionAdvice.MERGEABLE,
                    RegionAdvice.UNMERGEABLE,
                    RegionAdvice.POPULATE_READ,
                    RegionAdvice.POPULATE_WRITE,
                    RegionAdvice.DONTFORK,
                    RegionAdvice.DOFORK,
                    RegionAdvice.WIPEONFORK,
                    RegionAdvice.KEEPONFORK,
                    RegionAdvice.COLD,
                    RegionAdvice.PAGEOUT,
                    RegionAdvice.PAGEOUT,
                    RegionAdvice.PAGEOUT);

    /// The kinds of operation, for their weights.
    private enum Kind {
        MAP,
        UNMAP,
        WRITE,
        WRITE1,
        READ,
        SUM,
        PROTECT,
        FORK,
        DREAD,
        DWRITE,
        MIGDEV,
        MIGSYS,
        SNAP,
        RELEASE,
        EXCLUSIVE,
        CHECK_EXCLUSIVE,
        REMAP,
        ADVISE,
        MERGE_SCAN,
        SWAP_ON,
        SWAP_OFF,
        PIN,
        UNPIN,
        CHECK_PINS,
        CLEAR_SOFT_DIRTY,
        SOFT_DIRTY
    }

    private final SplittableRandom random;
    private final int pageCountMax;
    private final Map<Kind, Integer> weights = new EnumMap<>(Kind.class);

    /// Pages last mapped at each region; it may have holes since.
    private final Map<String, Integer> sizes = new LinkedHashMap<>();

    private final boolean withFiles;
    private boolean inChild;
    private int swapAreas;
    private long nextSeed = 1;

    /// @param pageCountMax of a region
    public Operations(long seed, int pageCountMax) {
        this.random = new SplittableRandom(seed);
        this.pageCountMax = pageCountMax;
        for (Kind kind : Kind.values()) {
            weights.put(kind, random.nextInt(4) == 0 ? 0 : 1 << random.nextInt(HEAVIEST));
        }
        this.withFiles = random.nextInt(3) == 0;
        rarely(Kind.MAP);
        rarely(Kind.UNMAP);
        rarely(Kind.RELEASE);
        rarely(Kind.MERGE_SCAN);
        rarely(Kind.SWAP_OFF);
        weights.merge(Kind.SWAP_ON, 1, Math::min);
        weights.merge(Kind.FORK, FORKS, Math::min);
        boolean pins = weights.getOrDefault(Kind.PIN, 0) > 0;
        weights.merge(Kind.PIN, PINS, Math::min);
        weights.merge(Kind.UNPIN, pins ? 1 : 0, Math::max);
        weights.merge(Kind.WRITE, 1, Integer::sum);
        weights.merge(Kind.MIGDEV, 1, Integer::sum);
    }

    /// Kinds that undo what others built up.
    private void rarely(Kind kind) {
        weights.merge(kind, 1, Math::min);
    }

    /// Draws operations; the first maps something.
    public List<KernelOperation> generate(int count) {
        List<KernelOperation> operations = new ArrayList<>();
        operations.add(map());
        while (operations.size() < count) {
            operations.add(next(kind()));
        }
        return operations;
    }

    private Kind kind() {
        int drawn = random.nextInt(weights.values().stream().mapToInt(Integer::intValue).sum());
        for (Map.Entry<Kind, Integer> weight : weights.entrySet()) {
            drawn -= weight.getValue();
            if (drawn < 0) {
                return weight.getKey();
            }
        }
        throw new AssertionError(drawn);
    }

    private KernelOperation next(Kind kind) {
        String region = region();
        int start = page(region);
        int count = count(region, start);
        int device = random.nextInt(3) == 0 ? 1 : 0;
        return switch (kind) {
            case MAP -> map();
            case UNMAP -> new KernelOperation.Unmap(0, region, start, Math.min(count, 8));
            case WRITE -> new KernelOperation.WritePage(0, region, start, nextSeed++);
            case WRITE1 ->
                    new KernelOperation.WriteByte(
                            0, region, start, random.nextInt(4096), random.nextInt(256));
            case READ -> new KernelOperation.ReadPage(0, region, start);
            case SUM -> new KernelOperation.SumPages(0, region, start, count);
            case PROTECT -> new KernelOperation.Protect(0, region, start, count, protection());
            case FORK -> fork();
            case DREAD -> new KernelOperation.DeviceRead(0, region, start, count, device);
            case DWRITE ->
                    new KernelOperation.DeviceWrite(0, region, start, count, nextSeed++, device);
            case MIGDEV -> new KernelOperation.MigrateToDevice(0, region, start, count, device);
            case MIGSYS -> new KernelOperation.MigrateToSystem(0, region, start, count, device);
            case SNAP -> new KernelOperation.Snapshot(0, region, start, count, device);
            case RELEASE -> new KernelOperation.Release(0, device);
            case EXCLUSIVE -> new KernelOperation.Exclusive(0, region, start, count, device);
            case CHECK_EXCLUSIVE ->
                    new KernelOperation.CheckExclusive(0, region, start, count, device);
            case REMAP -> remap(region, start, count);
            case ADVISE -> new KernelOperation.Advise(0, region, start, count, advice());
            case MERGE_SCAN -> new KernelOperation.MergeScan(0);
            case SWAP_ON -> swapOn();
            case SWAP_OFF -> new KernelOperation.SwapOff(0, random.nextInt(SWAP_AREAS));
            case PIN -> new KernelOperation.Pin(0, region, start, Math.min(count, 8));
            case UNPIN -> new KernelOperation.Unpin(0);
            case CHECK_PINS -> new KernelOperation.CheckPins(0);
            case CLEAR_SOFT_DIRTY -> new KernelOperation.ClearSoftDirty(0);
            case SOFT_DIRTY -> new KernelOperation.SoftDirty(0, region, start, count);
        };
    }

    /// Mostly small; now and then so large that it spans page tables.
    private KernelOperation map() {
        String region = REGIONS.get(random.nextInt(REGIONS.size()));
        int limit = random.nextInt(8) == 0 ? pageCountMax : Math.min(pageCountMax, 48);
        int pageCount = 1 + random.nextInt(limit);
        sizes.put(region, pageCount);
        return new KernelOperation.MapRegion(0, region, pageCount, mapKind());
    }

    /// In runs with other kinds of memory every other region is of one of them.
    private RegionKind mapKind() {
        return !withFiles || random.nextBoolean()
                ? RegionKind.PRIVATE
                : FILE_KINDS.get(random.nextInt(FILE_KINDS.size()));
    }

    /// To the same place in another region, or to another place in the same.
    private KernelOperation remap(String region, int start, int count) {
        String target = random.nextInt(4) == 0 ? region : region();
        int targetStart = random.nextBoolean() ? start : random.nextInt(size(target) + 8);
        sizes.merge(target, Math.min(targetStart + count, pageCountMax), Math::max);
        return random.nextInt(3) == 0
                ? new KernelOperation.RemapKeeping(0, region, start, count, target, targetStart)
                : new KernelOperation.Remap(0, region, start, count, target, targetStart);
    }

    /// No more areas than can be; some so small that they fill up.
    private KernelOperation swapOn() {
        if (swapAreas == SWAP_AREAS) {
            return new KernelOperation.SwapOff(0, random.nextInt(SWAP_AREAS));
        }
        swapAreas++;
        return new KernelOperation.SwapOn(0, 2 + random.nextInt(random.nextBoolean() ? 8 : 200));
    }

    private RegionAdvice advice() {
        return ADVICE.get(random.nextInt(ADVICE.size()));
    }

    private KernelOperation fork() {
        inChild = !inChild;
        return inChild ? new KernelOperation.ForkBegin(0) : new KernelOperation.ForkEnd(0);
    }

    private String region() {
        List<String> mapped = List.copyOf(sizes.keySet());
        return mapped.get(random.nextInt(mapped.size()));
    }

    private int size(String region) {
        return sizes.getOrDefault(region, 1);
    }

    /// A page of the region; rarely the one behind it.
    private int page(String region) {
        return random.nextInt(size(region) + (random.nextInt(16) == 0 ? 1 : 0));
    }

    private int count(String region, int start) {
        int left = Math.max(1, size(region) - start);
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> 1;
            case 3 -> left;
            case 4 -> random.nextInt(8) == 0 ? left + 1 : left;
            default -> 1 + random.nextInt(Math.min(left, 40));
        };
    }

    private RegionProtection protection() {
        return switch (random.nextInt(5)) {
            case 0 -> RegionProtection.NONE;
            case 1, 2 -> RegionProtection.READ;
            default -> RegionProtection.READ_WRITE;
        };
    }
}
