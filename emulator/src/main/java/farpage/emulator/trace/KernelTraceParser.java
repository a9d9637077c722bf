package farpage.emulator.trace;

import farpage.emulator.trace.KernelOperation.Advise;
import farpage.emulator.trace.KernelOperation.CheckExclusive;
import farpage.emulator.trace.KernelOperation.CheckPins;
import farpage.emulator.trace.KernelOperation.ClearSoftDirty;
import farpage.emulator.trace.KernelOperation.DeviceRead;
import farpage.emulator.trace.KernelOperation.DeviceWrite;
import farpage.emulator.trace.KernelOperation.Exclusive;
import farpage.emulator.trace.KernelOperation.FilePunch;
import farpage.emulator.trace.KernelOperation.FileRead;
import farpage.emulator.trace.KernelOperation.FileSync;
import farpage.emulator.trace.KernelOperation.FileTruncate;
import farpage.emulator.trace.KernelOperation.FileWrite;
import farpage.emulator.trace.KernelOperation.ForkBegin;
import farpage.emulator.trace.KernelOperation.ForkEnd;
import farpage.emulator.trace.KernelOperation.Join;
import farpage.emulator.trace.KernelOperation.MapRegion;
import farpage.emulator.trace.KernelOperation.MergeScan;
import farpage.emulator.trace.KernelOperation.MigrateToDevice;
import farpage.emulator.trace.KernelOperation.MigrateToSystem;
import farpage.emulator.trace.KernelOperation.Pin;
import farpage.emulator.trace.KernelOperation.Protect;
import farpage.emulator.trace.KernelOperation.ReadPage;
import farpage.emulator.trace.KernelOperation.Release;
import farpage.emulator.trace.KernelOperation.Remap;
import farpage.emulator.trace.KernelOperation.RemapKeeping;
import farpage.emulator.trace.KernelOperation.SetFlags;
import farpage.emulator.trace.KernelOperation.SetHugePages;
import farpage.emulator.trace.KernelOperation.Snapshot;
import farpage.emulator.trace.KernelOperation.SoftDirty;
import farpage.emulator.trace.KernelOperation.SumPages;
import farpage.emulator.trace.KernelOperation.SwapOff;
import farpage.emulator.trace.KernelOperation.SwapOn;
import farpage.emulator.trace.KernelOperation.Unmap;
import farpage.emulator.trace.KernelOperation.Unpin;
import farpage.emulator.trace.KernelOperation.WriteByte;
import farpage.emulator.trace.KernelOperation.WritePage;
import farpage.mm.PageSize;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Turns the text of kernel traces into [KernelOperation]s.
///
/// Every word is checked: an operation that is not known, a word too many or too few, a page
/// outside the slot of its region, a seventeenth region, a fork within a fork or one that never
/// ends.
final class KernelTraceParser {
    private static final String HEADER = "=== ";
    private static final Pattern BLANKS = Pattern.compile("[ \t]+");
    private static final Pattern REGION_NAME = Pattern.compile("[A-Za-z][A-Za-z0-9_-]{0,31}");
    private static final String OPERATIONS =
            "map, unmap, write, write1, read, sum, protect, mremap, mremap-keep, madvise, pin, unpin,"
                    + " chkpins, clearrefs, softdirty, hugepages, swapon, swapoff, ksmscan,"
                    + " fread, fwrite, ftruncate, fpunch, fsync, fork-begin, fork-end, dread, dwrite,"
                    + " migdev, migsys, snap, excl, chkexcl, join, release or flags";

    /// As large as a region.
    private static final int FILE_SIZE_MAX = 1 << 30;

    private final TraceLines source;
    private final List<KernelTrace> traces = new ArrayList<>();
    private final List<KernelOperation> operations = new ArrayList<>();
    private final Set<String> regions = new HashSet<>();
    private String traceName = "";
    private int traceLine;
    private int forkLine;

    KernelTraceParser(TraceInput input) {
        this.source = new TraceLines(input);
    }

    List<KernelTrace> parse() {
        List<String> lines = source.readAll();
        for (int index = 0; index < lines.size(); index++) {
            parseLine(index + 1, lines.get(index).strip());
        }
        finishTrace();
        if (traces.isEmpty()) {
            throw new TraceFormatException(
                    source.name(), 0, "no trace", "a line '=== NAME' and operations after it");
        }
        return List.copyOf(traces);
    }

    private void parseLine(int line, String text) {
        if (text.isEmpty() || text.startsWith("#")) {
            return;
        }
        if (text.startsWith(HEADER.strip())) {
            finishTrace();
            startTrace(line, text);
            return;
        }
        if (traceLine == 0) {
            throw fail(line, TraceFormatException.quote(text), "'=== NAME' before any operation");
        }
        OperationWords words = new OperationWords(source.name(), line, BLANKS.split(text));
        KernelOperation operation = operation(line, words);
        words.end();
        operations.add(operation);
    }

    private void startTrace(int line, String text) {
        String name = text.substring(HEADER.strip().length()).strip();
        if (!text.startsWith(HEADER) || name.isEmpty() || name.contains(" ")) {
            throw fail(line, TraceFormatException.quote(text), "'=== NAME' with one word as name");
        }
        traceName = name;
        traceLine = line;
    }

    private void finishTrace() {
        if (forkLine != 0) {
            throw fail(forkLine, "'fork-begin' that never ends", "'fork-end' in the same trace");
        }
        if (traceLine != 0) {
            traces.add(new KernelTrace(traceName, traceLine, operations));
        }
        operations.clear();
        regions.clear();
        traceLine = 0;
    }

    private KernelOperation operation(int line, OperationWords words) {
        String word = words.text("an operation");
        return switch (word) {
            case "map" -> map(line, words);
            case "unmap" -> {
                Pages p = pages(words);
                yield new Unmap(line, p.region, p.start, p.count);
            }
            case "write" -> {
                Pages p = page(words);
                yield new WritePage(line, p.region, p.start, words.unsigned("a seed"));
            }
            case "write1" -> {
                Pages p = page(words);
                int offset = words.number("a byte offset", 0, 4095);
                yield new WriteByte(
                        line, p.region, p.start, offset, words.number("a byte", 0, 255));
            }
            case "read" -> {
                Pages p = page(words);
                yield new ReadPage(line, p.region, p.start);
            }
            case "sum" -> {
                Pages p = pages(words);
                yield new SumPages(line, p.region, p.start, p.count);
            }
            case "protect" -> {
                Pages p = pages(words);
                yield new Protect(line, p.region, p.start, p.count, protection(words));
            }
            case "mremap" -> remap(line, words, false);
            case "mremap-keep" -> remap(line, words, true);
            case "madvise" -> {
                Pages p = pages(words);
                yield new Advise(line, p.region, p.start, p.count, advice(words));
            }
            case "ksmscan" -> new MergeScan(line);
            case "fork-begin" -> forkBegin(line);
            case "fork-end" -> forkEnd(line);
            default -> keepingOperation(line, word, words);
        };
    }

    /// What keeps track of pages or keeps them from going.
    private KernelOperation keepingOperation(int line, String word, OperationWords words) {
        return switch (word) {
            case "pin" -> {
                Pages p = pages(words);
                yield new Pin(line, p.region, p.start, p.count);
            }
            case "unpin" -> new Unpin(line);
            case "chkpins" -> new CheckPins(line);
            case "clearrefs" -> new ClearSoftDirty(line);
            case "softdirty" -> {
                Pages p = pages(words);
                yield new SoftDirty(line, p.region, p.start, p.count);
            }
            case "hugepages" -> {
                int order = words.number("an order", 2, PageSize.HPAGE_PMD_ORDER);
                yield new SetHugePages(line, order, hugePageSetting(words));
            }
            case "swapon" ->
                    new SwapOn(
                            line,
                            words.number("a number of pages", 1, KernelOperation.REGION_PAGES));
            case "swapoff" ->
                    new SwapOff(
                            line,
                            words.number("a swap area", 0, KernelOperation.SWAP_AREA_COUNT - 1));
            default -> fileOperation(line, word, words);
        };
    }

    private KernelOperation fileOperation(int line, String word, OperationWords words) {
        return switch (word) {
            case "fread" -> {
                Pages p = page(words);
                yield new FileRead(line, p.region, p.start);
            }
            case "fwrite" -> {
                Pages p = page(words);
                yield new FileWrite(line, p.region, p.start, words.unsigned("a seed"));
            }
            case "ftruncate" -> {
                String region = region(words);
                yield new FileTruncate(line, region, words.number("a size", 0, FILE_SIZE_MAX));
            }
            case "fpunch" -> {
                String region = region(words);
                int offset = words.number("an offset", 0, FILE_SIZE_MAX - 1);
                int length = words.number("a length", 1, FILE_SIZE_MAX - offset);
                yield new FilePunch(line, region, offset, length);
            }
            case "fsync" -> new FileSync(line, region(words));
            default -> deviceOperation(line, word, words);
        };
    }

    private KernelOperation deviceOperation(int line, String word, OperationWords words) {
        return switch (word) {
            case "dread" -> {
                Pages p = pages(words);
                yield new DeviceRead(line, p.region, p.start, p.count, words.device());
            }
            case "dwrite" -> {
                Pages p = pages(words);
                long seed = words.unsigned("a seed");
                yield new DeviceWrite(line, p.region, p.start, p.count, seed, words.device());
            }
            case "migdev" -> {
                Pages p = pages(words);
                yield new MigrateToDevice(line, p.region, p.start, p.count, words.device());
            }
            case "migsys" -> {
                Pages p = pages(words);
                yield new MigrateToSystem(line, p.region, p.start, p.count, words.device());
            }
            case "snap" -> {
                Pages p = pages(words);
                yield new Snapshot(line, p.region, p.start, p.count, words.device());
            }
            case "excl" -> {
                Pages p = pages(words);
                yield new Exclusive(line, p.region, p.start, p.count, words.device());
            }
            case "chkexcl" -> {
                Pages p = pages(words);
                yield new CheckExclusive(line, p.region, p.start, p.count, words.device());
            }
            case "join" -> {
                Pages p = pages(words);
                yield new Join(line, p.region, p.start, p.count, words.device());
            }
            case "release" -> new Release(line, words.device());
            case "flags" -> {
                long flags = words.unsigned("the flags");
                yield new SetFlags(line, flags, words.device());
            }
            default -> throw fail(line, TraceFormatException.quote(word), OPERATIONS);
        };
    }

    private KernelOperation map(int line, OperationWords words) {
        String region = region(words);
        int pageCount = words.number("a number of pages", 1, KernelOperation.REGION_PAGES);
        String kind = words.text("a kind of mapping");
        for (RegionKind known : RegionKind.values()) {
            if (known.word().equals(kind)) {
                return new MapRegion(line, region, pageCount, known);
            }
        }
        throw words.wrong(kind, "private, shared-anon, memfd-shared, memfd-private or file-shared");
    }

    private KernelOperation remap(int line, OperationWords words, boolean keeps) {
        Pages from = pages(words);
        String region = region(words);
        int start = words.number("a page index", 0, KernelOperation.REGION_PAGES - from.count);
        return keeps
                ? new RemapKeeping(line, from.region, from.start, from.count, region, start)
                : new Remap(line, from.region, from.start, from.count, region, start);
    }

    private KernelOperation forkBegin(int line) {
        if (forkLine != 0) {
            throw fail(line, "'fork-begin' within a fork", "'fork-end' first");
        }
        forkLine = line;
        return new ForkBegin(line);
    }

    private KernelOperation forkEnd(int line) {
        if (forkLine == 0) {
            throw fail(line, "'fork-end' outside of a fork", "'fork-begin' before it");
        }
        forkLine = 0;
        return new ForkEnd(line);
    }

    private static RegionProtection protection(OperationWords words) {
        String word = words.text("a protection");
        for (RegionProtection known : RegionProtection.values()) {
            if (known.word().equals(word)) {
                return known;
            }
        }
        throw words.wrong(word, "none, r or rw");
    }

    private static RegionAdvice advice(OperationWords words) {
        String word = words.text("an advice");
        StringBuilder all = new StringBuilder();
        for (RegionAdvice known : RegionAdvice.values()) {
            if (known.word().equals(word)) {
                return known;
            }
            all.append(all.isEmpty() ? "" : ", ").append(known.word());
        }
        throw words.wrong(word, "one of " + all);
    }

    private static HugePageSetting hugePageSetting(OperationWords words) {
        String word = words.text("a setting");
        for (HugePageSetting known : HugePageSetting.values()) {
            if (known.word().equals(word)) {
                return known;
            }
        }
        throw words.wrong(word, "always, madvise or never");
    }

    private record Pages(String region, int start, int count) {}

    private Pages pages(OperationWords words) {
        String region = region(words);
        int start = words.number("a page index", 0, KernelOperation.REGION_PAGES - 1);
        int count = words.number("a number of pages", 1, KernelOperation.REGION_PAGES - start);
        return new Pages(region, start, count);
    }

    private Pages page(OperationWords words) {
        String region = region(words);
        int start = words.number("a page index", 0, KernelOperation.REGION_PAGES - 1);
        return new Pages(region, start, 1);
    }

    private String region(OperationWords words) {
        String region = words.text("a region");
        if (!REGION_NAME.matcher(region).matches()) {
            throw words.wrong(region, "the name of a region, a letter first");
        }
        regions.add(region);
        if (regions.size() > KernelOperation.REGION_COUNT_MAX) {
            throw words.wrong(
                    region, "at most " + KernelOperation.REGION_COUNT_MAX + " regions in a trace");
        }
        return region;
    }

    private TraceFormatException fail(int line, String found, String wanted) {
        return new TraceFormatException(source.name(), line, found, wanted);
    }
}
