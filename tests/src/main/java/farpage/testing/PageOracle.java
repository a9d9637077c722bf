package farpage.testing;

import farpage.emulator.trace.KernelOperation;
import farpage.mm.PageSize;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
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
    /// @kernel none
    public record Rules(boolean roomy, boolean failing) {}

    private final Rules rules;

    /// The process that runs is the last one. Each has its regions, by page index.
    private final Deque<Map<String, NavigableMap<Integer, OracleCell>>> processes =
            new ArrayDeque<>();

    private long followUpSeed = 1L << 40;

    public PageOracle(Rules rules) {
        this.rules = rules;
        processes.addLast(new HashMap<>());
    }

    /// Compares a result with what it must be, and does the same to the account.
    ///
    /// @return what was expected instead; empty if the result is right
    public String judge(KernelOperation operation, String result) {
        return switch (operation) {
            case KernelOperation.MapRegion map -> map(map, result);
            case KernelOperation.Unmap unmap -> unmap(unmap, result);
            case KernelOperation.Protect protect -> protect(protect, result);
            case KernelOperation.WritePage write ->
                    cpuStore(cell(write), OracleCell.pattern(write.seed(), 1).getFirst(), result);
            case KernelOperation.WriteByte write -> writeByte(write, result);
            case KernelOperation.ReadPage read -> readPage(read, result);
            case KernelOperation.SumPages sum -> sumPages(sum, result);
            case KernelOperation.ForkBegin _ -> fork(result);
            case KernelOperation.ForkEnd _ -> endFork(result);
            case KernelOperation.DeviceRead read -> deviceRead(read, result);
            case KernelOperation.DeviceWrite write -> deviceWrite(write, result);
            case KernelOperation.MigrateToDevice migrate -> migrateToDevice(migrate, result);
            case KernelOperation.MigrateToSystem migrate -> migrateToSystem(migrate, result);
            case KernelOperation.Snapshot snapshot -> snapshot(snapshot, result);
            case KernelOperation.Release release -> release(release, result);
            default -> throw new IllegalArgumentException("operation: " + operation.word());
        };
    }

    // The account.

    private NavigableMap<Integer, OracleCell> region(String name) {
        return processes.getLast().computeIfAbsent(name, _ -> new TreeMap<>());
    }

    private @Nullable OracleCell cell(KernelOperation.OnPages one) {
        return region(one.region()).get(one.startPage());
    }

    /// The pages of a range up to the first that is not mapped.
    private List<OracleCell> cells(KernelOperation.OnPages range) {
        NavigableMap<Integer, OracleCell> region = region(range.region());
        List<OracleCell> cells = new ArrayList<>();
        for (int i = 0; i < range.pageCount(); i++) {
            OracleCell cell = region.get(range.startPage() + i);
            if (cell == null) {
                break;
            }
            cells.add(cell);
        }
        return cells;
    }

    /// How many pages from the start of a range can be read.
    private static int readable(List<OracleCell> cells) {
        int count = 0;
        while (count < cells.size() && cells.get(count).isReadable()) {
            count++;
        }
        return count;
    }

    private static String expect(String expected, String result) {
        return expected.equals(result) ? "" : expected;
    }

    // System calls.

    private String map(KernelOperation.MapRegion map, String result) {
        for (int page = 0; page < map.pageCount(); page++) {
            region(map.region()).put(page, new OracleCell());
        }
        return expect("ok", result);
    }

    private String unmap(KernelOperation.Unmap unmap, String result) {
        int end = unmap.startPage() + unmap.pageCount();
        region(unmap.region()).subMap(unmap.startPage(), end).clear();
        return expect("ok", result);
    }

    /// Pages below the first hole are changed even if there is one.
    private String protect(KernelOperation.Protect protect, String result) {
        List<OracleCell> cells = cells(protect);
        for (OracleCell cell : cells) {
            cell.mayBeReadType |= cell.protection != protect.protection();
            cell.protection = protect.protection();
        }
        return expect(cells.size() == protect.pageCount() ? "ok" : "-ENOMEM", result);
    }

    private String fork(String result) {
        Map<String, NavigableMap<Integer, OracleCell>> child = new HashMap<>();
        processes
                .getLast()
                .forEach((name, region) -> {
                    NavigableMap<Integer, OracleCell> copy = new TreeMap<>();
                    region.forEach((page, cell) -> copy.put(page, new OracleCell(cell)));
                    child.put(name, copy);
                });
        processes.addLast(child);
        return expect("ok", result);
    }

    /// A page that both still shared may have been moved by the child.
    private String endFork(String result) {
        processes.removeLast();
        for (NavigableMap<Integer, OracleCell> region : processes.getLast().values()) {
            for (OracleCell cell : region.values()) {
                cell.surelyOn = OracleCell.NOWHERE;
                cell.mayBeOn = ~0;
                cell.mayBeReadType = true;
            }
        }
        return expect("exit=0", result);
    }

    // Loads and stores of the CPU.

    /// Whether a CPU access may have failed because its page could not be copied back.
    private boolean isExcused(OracleCell cell, String result) {
        return rules.failing() && cell.mayBeOn != 0 && result.equals("BUS");
    }

    private String cpuStore(@Nullable OracleCell cell, byte[] stored, String result) {
        if (cell == null || !cell.isWritable()) {
            return expect("SEGV", result);
        }
        if (isExcused(cell, result)) {
            return "";
        }
        cell.store(stored);
        cell.comeHome();
        cell.mayBeReadType = false;
        return expect("ok", result);
    }

    private String writeByte(KernelOperation.WriteByte write, String result) {
        OracleCell cell = cell(write);
        byte[] stored = cell == null ? new byte[PageSize.PAGE_SIZE] : cell.content.clone();
        stored[write.offset()] = (byte) write.value();
        return cpuStore(cell, stored, result);
    }

    private String readPage(KernelOperation.ReadPage read, String result) {
        OracleCell cell = cell(read);
        if (cell == null || !cell.isReadable()) {
            return expect("SEGV", result);
        }
        if (isExcused(cell, result)) {
            return "";
        }
        cell.comeHome();
        settle(read, cell, result);
        return expect(OracleCell.hash(List.of(cell)), result);
    }

    /// Decides between the two contents that a page may have. A failing device write stores to
    /// pages in order, so behind one that has the old content all have.
    private void settle(KernelOperation.ReadPage read, OracleCell cell, String result) {
        byte[] alternative = cell.alternative;
        if (alternative == null) {
            return;
        }
        cell.alternative = null;
        if (!result.equals(OracleCell.hash(List.of(cell)))) {
            cell.content = alternative;
            return;
        }
        for (OracleCell behind : region(read.region()).tailMap(read.startPage()).values()) {
            behind.alternative = null;
        }
    }

    private String sumPages(KernelOperation.SumPages sum, String result) {
        List<OracleCell> read = new ArrayList<>();
        NavigableMap<Integer, OracleCell> region = region(sum.region());
        boolean excused = false;
        for (int i = 0; i < sum.pageCount(); i++) {
            OracleCell cell = region.get(sum.startPage() + i);
            if (cell != null && cell.isReadable()) {
                read.add(cell);
                excused |= rules.failing() && cell.mayBeOn != 0;
            }
        }
        if (excused) {
            return ""; // which of the pages could be read is not told
        }
        read.forEach(OracleCell::comeHome);
        int bad = sum.pageCount() - read.size();
        return expect("ok=" + read.size() + " bad=" + bad + " " + OracleCell.hash(read), result);
    }

    // Devices.

    private boolean isFailure(String result) {
        return rules.failing() && (result.equals("-EIO") || result.equals("-EFAULT"));
    }

    /// A fault at one page of a range has others behind it handled too, and so moved home.
    private static void perturb(List<OracleCell> cells) {
        cells.forEach(cell -> cell.surelyOn = OracleCell.NOWHERE);
    }

    private String deviceRead(KernelOperation.DeviceRead read, String result) {
        List<OracleCell> cells = cells(read);
        perturb(cells);
        if (readable(cells) < read.pageCount()) {
            return isFailure(result) ? "" : expect("-EFAULT", result);
        }
        return isFailure(result)
                ? ""
                : expectCounted("0 cp=" + read.pageCount(), " " + OracleCell.hash(cells), result);
    }

    /// Any number of fault rounds between the two parts.
    private static String expectCounted(String before, String after, String result) {
        return result.matches(before + " f=\\d+" + after) ? "" : before + " f=*" + after;
    }

    private String deviceWrite(KernelOperation.DeviceWrite write, String result) {
        List<OracleCell> cells = cells(write);
        perturb(cells);
        List<byte[]> stored = OracleCell.pattern(write.seed(), write.pageCount());
        int writable = 0;
        while (writable < cells.size() && cells.get(writable).isWritable()) {
            writable++;
        }
        if (result.startsWith("-")) {
            return failedWrite(write, cells.subList(0, writable), stored, result);
        }
        for (int i = 0; i < writable; i++) {
            cells.get(i).store(stored.get(i));
            cells.get(i).mayBeReadType = false;
        }
        return writable < write.pageCount()
                ? "-EFAULT or -EPERM"
                : expectCounted("0 cp=" + write.pageCount(), "", result);
    }

    /// Pages from the start may have been written, as many as the device had entries for.
    private String failedWrite(
            KernelOperation.DeviceWrite write,
            List<OracleCell> writable,
            List<byte[]> stored,
            String result) {
        boolean mayRefuse =
                writable.stream()
                        .anyMatch(cell -> cell.mayBeReadType && cell.mayBeOn(write.device()));
        boolean denied = writable.size() < write.pageCount();
        boolean expected =
                result.equals("-EFAULT") && (denied || mayRefuse)
                        || result.equals("-EPERM") && denied
                        || isFailure(result);
        for (int i = 0; i < writable.size(); i++) {
            writable.get(i).alternative = stored.get(i);
            writable.get(i).torn = rules.failing();
        }
        return expected ? "" : denied ? "-EFAULT or -EPERM" : "0 cp=" + write.pageCount() + " f=*";
    }

    private String migrateToDevice(KernelOperation.MigrateToDevice migrate, String result) {
        List<OracleCell> cells = cells(migrate);
        List<OracleCell> reached = cells.subList(0, readable(cells));
        boolean certain =
                rules.roomy()
                        && !rules.failing()
                        && reached.stream().allMatch(cell -> cell.mayBeOn == 0);
        boolean whole = reached.size() == migrate.pageCount();
        boolean sure = rules.roomy() && whole && result.startsWith("0 ");
        for (OracleCell cell : reached) {
            cell.mayBeOn = sure ? 1 << migrate.device() : cell.mayBeOn | 1 << migrate.device();
            cell.surelyOn = sure ? migrate.device() : OracleCell.NOWHERE;
            cell.mayBeReadType |= !cell.isWritable();
        }
        if (isFailure(result) || whole && !certain && result.equals("-ENOENT")) {
            return "";
        }
        return whole
                ? expect("0 cp=" + migrate.pageCount() + " f=0 " + OracleCell.hash(cells), result)
                : expect("-EINVAL", result);
    }

    private String migrateToSystem(KernelOperation.MigrateToSystem migrate, String result) {
        List<OracleCell> cells = cells(migrate);
        List<OracleCell> reached = cells.subList(0, readable(cells));
        int device = migrate.device();
        long least = reached.stream().filter(cell -> cell.surelyOn == device).count();
        long most = reached.stream().filter(cell -> cell.mayBeOn(device)).count();
        perturb(reached);
        if (isFailure(result)) {
            return "";
        }
        if (reached.size() < migrate.pageCount()) {
            return expect("-EINVAL", result);
        }
        if (!rules.failing()) {
            reached.forEach(cell -> cell.mayBeOn &= ~(1 << device));
        }
        boolean counted =
                result.matches("0 cp=\\d+")
                        && Long.parseLong(result.substring(5)) >= (rules.failing() ? 0 : least)
                        && Long.parseLong(result.substring(5)) <= most;
        return counted ? "" : "0 cp=" + least + " to " + most;
    }

    private String release(KernelOperation.Release release, String result) {
        boolean released = result.equals("0");
        for (Map<String, NavigableMap<Integer, OracleCell>> process : processes) {
            for (NavigableMap<Integer, OracleCell> region : process.values()) {
                for (OracleCell cell : region.values()) {
                    cell.surelyOn =
                            cell.surelyOn == release.device() ? OracleCell.NOWHERE : cell.surelyOn;
                    cell.mayBeOn &= released ? ~(1 << release.device()) : ~0;
                }
            }
        }
        return isFailure(result) ? "" : expect("0", result);
    }

    private String snapshot(KernelOperation.Snapshot snapshot, String result) {
        List<Integer> bytes = bytes(result);
        if (!result.startsWith("0 cp=" + snapshot.pageCount() + " ")
                || bytes.size() != snapshot.pageCount()) {
            return "0 cp=" + snapshot.pageCount() + " and as many bytes";
        }
        NavigableMap<Integer, OracleCell> region = region(snapshot.region());
        for (int i = 0; i < bytes.size(); i++) {
            OracleCell cell = region.get(snapshot.startPage() + i);
            if (!OracleCell.agrees(bytes.get(i), cell, snapshot.device())) {
                return String.format("another byte than %02x at page %d of it", bytes.get(i), i);
            }
        }
        return "";
    }

    /// The bytes of `0 cp=3 01*1,22*2`.
    private static List<Integer> bytes(String result) {
        List<Integer> bytes = new ArrayList<>();
        for (String run : result.substring(result.lastIndexOf(' ') + 1).split(",", -1)) {
            if (run.matches("[0-9a-f]{2}\\*\\d+")) {
                int prot = Integer.parseInt(run.substring(0, 2), 16);
                bytes.addAll(Collections.nCopies(Integer.parseInt(run.substring(3)), prot));
            }
        }
        return bytes;
    }

    // Looking again.

    /// Operations to execute and judge at once, because the last one left open what some pages
    /// contain; empty if all is known.
    public List<KernelOperation> followUps() {
        List<KernelOperation> next = new ArrayList<>();
        for (Map.Entry<String, NavigableMap<Integer, OracleCell>> region :
                processes.getLast().entrySet()) {
            region.getValue().forEach((page, cell) -> followUp(next, region.getKey(), page, cell));
        }
        return next;
    }

    private void followUp(List<KernelOperation> next, String name, int page, OracleCell cell) {
        if (cell.torn) {
            next.add(new KernelOperation.WritePage(0, name, page, followUpSeed++));
        } else if (cell.alternative != null) {
            next.add(new KernelOperation.ReadPage(0, name, page));
        }
    }
}
