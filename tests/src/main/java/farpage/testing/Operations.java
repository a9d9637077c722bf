package farpage.testing;

import farpage.emulator.trace.HugePageSetting;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.RegionAdvice;
import farpage.emulator.trace.RegionKind;
import farpage.emulator.trace.RegionProtection;
import farpage.mm.PageSize;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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

    /// Large folios come to memory that was not touched yet.
    private static final int MAPS = 4;

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

    /// What is advised about huge pages.
    private static final List<RegionAdvice> HUGE_ADVICE =
            List.of(
                    RegionAdvice.HUGEPAGE,
                    RegionAdvice.HUGEPAGE,
                    RegionAdvice.HUGEPAGE,
                    RegionAdvice.NOHUGEPAGE,
                    RegionAdvice.COLLAPSE,
                    RegionAdvice.COLLAPSE);

    /// Of the smallest large folios.
    private static final int ORDER_MIN = 2;

    /// Where huge pages begin.
    private static final int PMD_PAGES = 512;

    /// The next allocation of a migration fails; or no longer does. The number stands where others
    /// have a count, and so must not be 0.
    private static final long FAIL_ALLOCATION = 1;

    private static final long FAIL_NOTHING = 2;

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
        SOFT_DIRTY,
        HUGE_ADVICE,
        HUGE_SETTING,
        FAIL_ALLOCATION,
        FILE_READ,
        FILE_WRITE,
        FILE_TRUNCATE,
        FILE_PUNCH,
        FILE_SYNC,
        JOIN
    }

    private static final Set<Kind> FILE_CALLS = EnumSet.range(Kind.FILE_READ, Kind.FILE_SYNC);

    private final SplittableRandom random;
    private final int pageCountMax;
    private final Map<Kind, Integer> weights = new EnumMap<>(Kind.class);

    /// Pages last mapped at each region; it may have holes since.
    private final Map<String, Integer> sizes = new LinkedHashMap<>();

    /// What must follow the last one at once.
    private final Deque<KernelOperation> pending = new ArrayDeque<>();

    private final boolean onFiles;
    private final boolean withFiles;
    private final boolean withLargeFolios;
    private boolean inChild;
    private int swapAreas;
    private long nextSeed = 1;

    /// Of what Linux has.
    ///
    /// @param pageCountMax of a region
    public Operations(long seed, int pageCountMax) {
        this(seed, pageCountMax, false, false);
    }

    /// @param pageCountMax of a region
    /// @param onFiles whether there are always regions of files, and calls for them
    /// @param joins whether devices join base pages
    public Operations(long seed, int pageCountMax, boolean onFiles, boolean joins) {
        this.random = new SplittableRandom(seed);
        this.pageCountMax = pageCountMax;
        this.onFiles = onFiles;
        for (Kind kind : EnumSet.range(Kind.MAP, Kind.FAIL_ALLOCATION)) {
            drawWeight(kind);
        }
        this.withFiles = random.nextInt(3) == 0 || onFiles;
        this.withLargeFolios = random.nextInt(5) != 0;
        if (!withLargeFolios) {
            weights.put(Kind.HUGE_ADVICE, 0);
            weights.put(Kind.HUGE_SETTING, 0);
        }
        weights.merge(Kind.MAP, withLargeFolios ? MAPS : 1, Math::min);
        rarely(Kind.UNMAP);
        rarely(Kind.RELEASE);
        rarely(Kind.MERGE_SCAN);
        rarely(Kind.SWAP_OFF);
        rarely(Kind.HUGE_SETTING);
        weights.merge(Kind.SWAP_ON, 1, Math::min);
        weights.merge(Kind.FORK, FORKS, Math::min);
        boolean pins = weights.getOrDefault(Kind.PIN, 0) > 0;
        weights.merge(Kind.PIN, PINS, Math::min);
        weights.merge(Kind.UNPIN, pins ? 1 : 0, Math::max);
        weights.merge(Kind.WRITE, 1, Integer::sum);
        weights.merge(Kind.MIGDEV, 1, Integer::sum);
        if (onFiles) {
            FILE_CALLS.forEach(this::drawWeight);
        }
        if (joins) {
            drawWeight(Kind.JOIN);
        }
    }

    private void drawWeight(Kind kind) {
        weights.put(kind, random.nextInt(4) == 0 ? 0 : 1 << random.nextInt(HEAVIEST));
    }

    /// Kinds that undo what others built up.
    private void rarely(Kind kind) {
        weights.merge(kind, 1, Math::min);
    }

    /// Draws operations; the first maps something. In most runs large folios of some sizes are in
    /// use from the start.
    public List<KernelOperation> generate(int count) {
        List<KernelOperation> operations = new ArrayList<>();
        operations.add(map());
        for (int order = ORDER_MIN; withLargeFolios && order <= PageSize.HPAGE_PMD_ORDER; order++) {
            if (random.nextInt(3) == 0) {
                operations.add(hugeSetting(order));
            }
        }
        while (operations.size() < count) {
            operations.add(pending.isEmpty() ? next(kind()) : pending.remove());
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
            case UNMAP -> {
                int most = random.nextInt(4) == 0 ? PMD_PAGES : 8;
                yield new KernelOperation.Unmap(0, region, start, Math.min(count, most));
            }
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
            case MIGDEV -> migrateToDevice(region, start, count, device);
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
            case HUGE_ADVICE -> hugeAdvice(region, start, count);
            case HUGE_SETTING ->
                    hugeSetting(
                            ORDER_MIN + random.nextInt(PageSize.HPAGE_PMD_ORDER - ORDER_MIN + 1));
            case FAIL_ALLOCATION -> failAllocation(region, start, count, device);
            case JOIN -> new KernelOperation.Join(0, region, start, count, device);
            case FILE_READ, FILE_WRITE, FILE_TRUNCATE, FILE_PUNCH, FILE_SYNC ->
                    fileCall(kind, region);
        };
    }

    /// Often the device writes what it got, and the file is called for at once.
    private KernelOperation migrateToDevice(String region, int start, int count, int device) {
        if (onFiles && random.nextInt(3) == 0) {
            int written = Math.min(count, 3);
            pending.add(
                    new KernelOperation.DeviceWrite(0, region, start, written, nextSeed++, device));
            List<Kind> calls = List.copyOf(FILE_CALLS);
            pending.add(fileCall(calls.get(random.nextInt(calls.size())), region));
        }
        return new KernelOperation.MigrateToDevice(0, region, start, count, device);
    }

    /// Mostly within the file as it was mapped; a little beyond that now and then.
    private KernelOperation fileCall(Kind kind, String region) {
        int pages = size(region) + (random.nextInt(8) == 0 ? 3 : 0);
        int page = random.nextInt(pages);
        int bytes = PageSize.PAGE_SIZE * page + (random.nextBoolean() ? random.nextInt(4096) : 0);
        return switch (kind) {
            case FILE_READ -> new KernelOperation.FileRead(0, region, page);
            case FILE_WRITE -> new KernelOperation.FileWrite(0, region, page, nextSeed++);
            case FILE_TRUNCATE ->
                    new KernelOperation.FileTruncate(
                            0,
                            region,
                            random.nextInt(3) == 0 ? bytes : PageSize.pageAddress(size(region)));
            case FILE_PUNCH ->
                    new KernelOperation.FilePunch(
                            0, region, bytes, 1 + random.nextInt(6 * PageSize.PAGE_SIZE));
            default -> new KernelOperation.FileSync(0, region);
        };
    }

    /// Mostly small; now and then so large that it spans page tables. Where there is room for huge
    /// pages, mostly for some of them.
    private KernelOperation map() {
        String region = REGIONS.get(random.nextInt(REGIONS.size()));
        int pageCount =
                pageCountMax >= PMD_PAGES && random.nextInt(4) != 0
                        ? mapHuge()
                        : 1 + random.nextInt(random.nextInt(8) == 0 ? pageCountMax : small());
        sizes.put(region, pageCount);
        if (withLargeFolios && random.nextBoolean()) {
            pending.add(new KernelOperation.Advise(0, region, 0, pageCount, RegionAdvice.HUGEPAGE));
        }
        return new KernelOperation.MapRegion(0, region, pageCount, mapKind());
    }

    private int small() {
        return Math.min(pageCountMax, 48);
    }

    private int mapHuge() {
        int whole = PMD_PAGES * (1 + random.nextInt(pageCountMax / PMD_PAGES));
        return random.nextInt(3) == 0
                ? Math.min(pageCountMax, whole + 1 + random.nextInt(PMD_PAGES))
                : whole;
    }

    /// Mostly for all of a region.
    private KernelOperation hugeAdvice(String region, int start, int count) {
        RegionAdvice advice = HUGE_ADVICE.get(random.nextInt(HUGE_ADVICE.size()));
        return random.nextBoolean()
                ? new KernelOperation.Advise(0, region, 0, size(region), advice)
                : new KernelOperation.Advise(0, region, start, count, advice);
    }

    private KernelOperation hugeSetting(int order) {
        HugePageSetting[] settings = HugePageSetting.values();
        return new KernelOperation.SetHugePages(
                0, order, settings[random.nextInt(settings.length)]);
    }

    /// A migration in which an allocation fails. What is switched on is switched off behind it, so
    /// that no other operation meets it.
    private KernelOperation failAllocation(String region, int start, int count, int device) {
        pending.add(
                random.nextBoolean()
                        ? new KernelOperation.MigrateToDevice(0, region, start, count, device)
                        : new KernelOperation.MigrateToSystem(0, region, start, count, device));
        pending.add(new KernelOperation.SetFlags(0, FAIL_NOTHING, device));
        return new KernelOperation.SetFlags(0, FAIL_ALLOCATION, device);
    }

    /// In runs with other kinds of memory every other region is of one of them.
    private RegionKind mapKind() {
        if (onFiles && random.nextInt(3) == 0) {
            return RegionKind.FILE_SHARED;
        }
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

    /// A page of the region; rarely the one behind it. In a large one often where a huge page could
    /// begin, or one of its quarters.
    private int page(String region) {
        int page = random.nextInt(size(region) + (random.nextInt(16) == 0 ? 1 : 0));
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> page - page % PMD_PAGES;
            case 3 -> page - page % (PMD_PAGES / 4);
            case 4 -> page - page % 16;
            default -> page;
        };
    }

    private int count(String region, int start) {
        int left = Math.max(1, size(region) - start);
        return switch (random.nextInt(8)) {
            case 0, 1, 2 -> 1;
            case 3 -> left;
            case 4 -> random.nextInt(8) == 0 ? left + 1 : left;
            case 5 -> Math.min(left, PMD_PAGES - start % PMD_PAGES);
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
