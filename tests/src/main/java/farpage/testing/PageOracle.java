package farpage.testing;

import farpage.emulator.peer.PeerMode;
import farpage.emulator.replay.ContentHash;
import farpage.emulator.trace.HugePageSetting;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.RegionAdvice;
import farpage.mm.file.FileBackedMode;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// What each operation of a trace must answer, told from the plainest account of memory: for each
/// mapped page its bytes, its protection and where it may be. A fork copies all of it. There are no
/// page tables and no locks.
///
/// It does not know what depends on the inner state of a device's driver: fault rounds, and which
/// pages a failing device write still reached. It accepts any number for the first, and looks at
/// the pages again for the second: [#followUps()].
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: what its assertions expect
public final class PageOracle {
    /// What the system is given.
    ///
    /// @param roomy device memory never runs out
    /// @param failing OpenCL calls may fail; then an operation may end in an error, but no byte of
    ///   any page may change except where the operation itself stores
    /// @param coherent the devices that are device-coherent, as bits: the CPU uses pages there in
    ///   place
    /// @param mixedOrders folios of every order may be put on a device, not only huge ones
    /// @param files how devices have pages of files
    /// @param peers how devices use each other's memory
    /// @param collapses base pages of 2 MiB are joined on their way to a device
    /// @kernel none
    public record Rules(
            boolean roomy,
            boolean failing,
            int coherent,
            boolean mixedOrders,
            FileBackedMode files,
            PeerMode peers,
            boolean collapses) {
        /// Nothing that Linux has not.
        public Rules(boolean roomy, boolean failing, int coherent, boolean mixedOrders) {
            this(roomy, failing, coherent, mixedOrders, FileBackedMode.OFF, PeerMode.OFF, false);
        }

        /// No device is coherent, and only huge folios are large.
        public Rules(boolean roomy, boolean failing) {
            this(roomy, failing, 0, false);
        }

        boolean movesFiles() {
            return files == FileBackedMode.MIGRATE;
        }
    }

    private final Rules rules;
    private final ContentHash contentHash;
    private final OracleMemory memory;
    private final OraclePins pins = new OraclePins();
    private final OracleFolios folios;
    private final OracleCalls calls;
    private final OracleDevices devices;
    private final OracleCallsOnFiles files;

    /// Whether something happened since the last look that leaves open what pages contain.
    private boolean isOpen;

    /// Whether nothing happened since the soft-dirty bits were cleared.
    private boolean isClean;

    private long followUpSeed = 1L << 40;

    /// For results with the recorded hash.
    public PageOracle(Rules rules) {
        this(rules, ContentHash.RECORDED);
    }

    /// @param contentHash tells contents in the results
    public PageOracle(Rules rules, ContentHash contentHash) {
        this.rules = rules;
        this.contentHash = contentHash;
        this.memory = new OracleMemory(rules.movesFiles());
        this.folios = new OracleFolios(rules, memory);
        this.calls = new OracleCalls(rules, memory, pins, folios);
        this.devices = new OracleDevices(rules, contentHash, memory, folios);
        this.files = new OracleCallsOnFiles(rules, contentHash, memory, pins);
    }

    /// Whether the account says what an operation does. The others must be left out.
    public boolean knows(KernelOperation operation) {
        if (devices.isAllocationFailing() && !meetsNoFailure(operation)) {
            return false;
        }
        return switch (operation) {
            case KernelOperation.Remap remap -> calls.knowsMove(remap);
            case KernelOperation.RemapKeeping remap -> calls.knowsMove(remap);
            case KernelOperation.Advise advise -> calls.knows(advise);
            case KernelOperation.OnFile call -> files.knows(call);
            default -> true;
        };
    }

    /// Whether an operation can be told what to do while an allocation is about to fail: it is for
    /// migrations alone, and which access of a CPU meets it is not known.
    private boolean meetsNoFailure(KernelOperation operation) {
        return switch (operation) {
            case KernelOperation.SetFlags _,
                    KernelOperation.MigrateToDevice _,
                    KernelOperation.MigrateToSystem _,
                    KernelOperation.Snapshot _,
                    KernelOperation.ForkBegin _,
                    KernelOperation.ForkEnd _ ->
                    true;
            default -> false;
        };
    }

    /// Compares a result with what it must be, and does the same to the account.
    ///
    /// @return what was expected instead; empty if the result is right
    public String judge(KernelOperation operation, String result) {
        String expected = judgeOne(operation, result);
        isClean =
                operation instanceof KernelOperation.ClearSoftDirty
                        || isClean && operation instanceof KernelOperation.SoftDirty;
        return expected;
    }

    private String judgeOne(KernelOperation operation, String result) {
        return switch (operation) {
            case KernelOperation.MapRegion map -> expect(calls.map(map), result);
            case KernelOperation.Unmap unmap -> expect(calls.unmap(unmap), result);
            case KernelOperation.Protect protect -> expect(calls.protect(protect), result);
            case KernelOperation.Remap remap ->
                    expect(
                            calls.remap(
                                    remap, remap.targetRegion(), remap.targetStartPage(), false),
                            result);
            case KernelOperation.RemapKeeping remap ->
                    expect(
                            calls.remap(remap, remap.targetRegion(), remap.targetStartPage(), true),
                            result);
            case KernelOperation.Advise advise -> {
                isOpen |=
                        advise.advice() == RegionAdvice.FREE
                                || advise.advice() == RegionAdvice.PAGEOUT;
                yield expect(calls.advise(advise, result), result);
            }
            case KernelOperation.SwapOn _ -> expect(calls.swapOn(), result);
            case KernelOperation.SwapOff off -> expect(calls.swapOff(off), result);
            case KernelOperation.Pin pin -> pin(pin, result);
            case KernelOperation.CheckPins _ -> expect(pins.check(contentHash), result);
            case KernelOperation.Unpin _ -> expect(pins.unpin(), result);
            case KernelOperation.ClearSoftDirty _ -> expect(clearSoftDirty(), result);
            case KernelOperation.SoftDirty bits -> softDirty(bits, result);
            case KernelOperation.MergeScan _ -> expect(calls.mergeScan(), result);
            case KernelOperation.ForkBegin _ -> expect(fork(), result);
            case KernelOperation.ForkEnd _ -> expect(endFork(), result);
            case KernelOperation.WritePage write -> writePage(write, result);
            case KernelOperation.WriteByte write -> writeByte(write, result);
            case KernelOperation.ReadPage read -> readPage(read, result);
            case KernelOperation.SumPages sum -> sumPages(sum, result);
            case KernelOperation.DeviceRead read -> devices.read(read, result);
            case KernelOperation.DeviceWrite write -> {
                isOpen |= result.startsWith("-");
                yield devices.write(write, result);
            }
            case KernelOperation.MigrateToDevice migrate ->
                    devices.migrateToDevice(migrate, result);
            case KernelOperation.MigrateToSystem migrate ->
                    devices.migrateToSystem(migrate, result);
            case KernelOperation.Snapshot snapshot -> devices.snapshot(snapshot, result);
            case KernelOperation.Exclusive exclusive -> devices.exclusive(exclusive, result);
            case KernelOperation.CheckExclusive _ -> devices.checkExclusive(result);
            case KernelOperation.Release release -> devices.release(release, result);
            case KernelOperation.Join join -> devices.join(join, result);
            case KernelOperation.OnFile call -> files.judge(call, result);
            case KernelOperation.SetFlags flags -> expect(devices.setFlags(flags), result);
            case KernelOperation.SetHugePages setting -> expect(setHugePages(setting), result);
        };
    }

    private String fork() {
        devices.fork();
        return calls.fork();
    }

    private String endFork() {
        devices.endFork();
        return calls.endFork();
    }

    private String setHugePages(KernelOperation.SetHugePages set) {
        if (set.setting() == HugePageSetting.ALWAYS) {
            memory.makeLargeAlways();
        }
        return "ok";
    }

    private String pin(KernelOperation.Pin pin, String result) {
        folios.disturb(pin);
        return pins.pin(memory, pin, rules, result);
    }

    private String clearSoftDirty() {
        boolean pinned = isLargePinned();
        memory.forEach((_, _, cell) -> cell.clearSoftDirty(pinned));
        return "ok";
    }

    private boolean isLargePinned() {
        return pins.isAny() && memory.isAnyOfAll(cell -> cell.mayBeLarge);
    }

    static String expect(String expected, String result) {
        return expected.equals(result) ? "" : expected;
    }

    private String hash(List<PageContent> pages) {
        return PageContent.hash(pages, contentHash);
    }

    // Loads and stores of the CPU.

    /// Whether a CPU access may have failed because its page could not be copied back.
    private boolean isExcused(OracleCell cell, String result) {
        return rules.failing() && cell.mayBeOn != 0 && result.equals("BUS");
    }

    private String writePage(KernelOperation.WritePage write, String result) {
        return cpuStore(
                write,
                memory.lookup(write),
                PageContent.pattern(write.seed(), 1).getFirst(),
                result);
    }

    private String writeByte(KernelOperation.WriteByte write, String result) {
        OracleCell cell = memory.lookup(write);
        PageContent before = cell == null ? PageContent.ZERO : cell.content();
        return cpuStore(write, cell, before.with(write.offset(), write.value()), result);
    }

    private String cpuStore(
            KernelOperation.OnPages write,
            @Nullable OracleCell cell,
            PageContent stored,
            String result) {
        if (cell == null || !cell.isWritable()) {
            return expect("SEGV", result);
        }
        if (cell.isBeyondEnd()) {
            return expect("BUS", result);
        }
        if (isExcused(cell, result)) {
            return "";
        }
        folios.disturb(write);
        cell.use(rules.coherent(), true);
        cell.store(stored);
        cell.softDirty |= !cell.missesStores;
        return expect("ok", result);
    }

    private String readPage(KernelOperation.ReadPage read, String result) {
        OracleCell cell = memory.lookup(read);
        if (cell == null || !cell.isReadable()) {
            return expect("SEGV", result);
        }
        if (cell.isBeyondEnd()) {
            return expect("BUS", result);
        }
        if (isExcused(cell, result)) {
            return "";
        }
        folios.disturb(read);
        cell.use(rules.coherent(), false);
        settle(read, cell, result);
        return expect(hash(List.of(cell.content())), result);
    }

    /// Decides between the two contents that a page may have. A failing device write stores to
    /// pages in order, so behind one that has the old content all have.
    private void settle(KernelOperation.ReadPage read, OracleCell cell, String result) {
        boolean isZero = result.equals(hash(List.of(PageContent.ZERO)));
        if (cell.mayBeReclaimed && isZero && !result.equals(hash(List.of(cell.content())))) {
            cell.forget();
            cell.alternative = null;
        }
        cell.mayBeReclaimed = false;
        PageContent alternative = cell.alternative;
        if (alternative == null) {
            return;
        }
        cell.alternative = null;
        if (result.equals(hash(List.of(cell.content())))) {
            memory.forEachFrom(
                    read.region(), read.startPage(), behind -> behind.alternative = null);
        } else {
            cell.setContent(alternative);
        }
    }

    private String sumPages(KernelOperation.SumPages sum, String result) {
        List<OracleCell> read = new ArrayList<>();
        List<PageContent> contents = new ArrayList<>();
        boolean excused = false;
        for (OracleCell cell : memory.all(sum)) {
            if (cell != null && cell.isReadable() && !cell.isBeyondEnd()) {
                read.add(cell);
                contents.add(cell.content());
                excused |= rules.failing() && cell.mayBeOn != 0;
            }
        }
        if (excused) {
            return ""; // which of the pages could be read is not told
        }
        folios.disturb(sum);
        read.forEach(cell -> cell.use(rules.coherent(), false));
        int bad = sum.pageCount() - read.size();
        return expect("ok=" + read.size() + " bad=" + bad + " " + hash(contents), result);
    }

    /// A page that was stored to is marked; what else is marked is left open, for mappings that are
    /// new or moved are marked as a whole.
    private String softDirty(KernelOperation.SoftDirty bits, String result) {
        int page = 0;
        boolean pinned = isLargePinned();
        for (String run : result.split(",", -1)) {
            boolean isMarked = run.startsWith("1*");
            int end = page + Integer.parseInt(run.substring(2));
            for (; page < end; page++) {
                OracleCell cell = memory.lookup(bits.region(), bits.startPage() + page);
                boolean isStored = cell != null && cell.softDirty;
                boolean isCleared =
                        cell == null
                                || isClean
                                        && cell.pinCount == 0
                                        && !(cell.mayBeLarge && (pinned || cell.mayBeOn != 0));
                if (isMarked ? isCleared : isStored) {
                    return "another bit than " + run.charAt(0) + " at page " + page + " of it";
                }
            }
        }
        return page == bits.pageCount() ? "" : bits.pageCount() + " bits";
    }

    // Looking again.

    /// Operations to execute and judge at once, because the last one left open what some pages
    /// contain; empty if all is known.
    public List<KernelOperation> followUps() {
        if (!isOpen) {
            return List.of();
        }
        List<KernelOperation> next = new ArrayList<>();
        memory.forEach((region, page, cell) -> {
            if (cell.torn) {
                next.add(new KernelOperation.WritePage(0, region, page, followUpSeed++));
            } else if (cell.alternative != null || cell.mayBeReclaimed) {
                next.add(new KernelOperation.ReadPage(0, region, page));
            }
        });
        isOpen = !next.isEmpty();
        return next;
    }
}
