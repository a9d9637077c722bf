package farpage.testing;

import farpage.emulator.peer.PeerMode;
import farpage.emulator.replay.ContentHash;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.RegionKind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// What the commands of a device answer and do to the account.
///
/// @kernel lib/test_hmm.c
final class OracleDevices {
    private static final long FAIL_ALLOCATION = 1;
    private static final int ERROR = 0xff;
    private static final int HUGE = 0x04;
    private static final Pattern COUNTED = Pattern.compile("0 cp=(\\d+)");
    private static final Pattern RUN = Pattern.compile("[0-9a-f]{2}\\*\\d+");

    private final PageOracle.Rules rules;
    private final ContentHash contentHash;
    private final OracleMemory memory;
    private final OracleFolios folios;

    /// The devices that each process told to let an allocation fail, as bits.
    private final Deque<Integer> failing = new ArrayDeque<>(List.of(0));

    OracleDevices(
            PageOracle.Rules rules,
            ContentHash contentHash,
            OracleMemory memory,
            OracleFolios folios) {
        this.rules = rules;
        this.contentHash = contentHash;
        this.memory = memory;
        this.folios = folios;
    }

    /// Whether the next allocation of a migration may fail.
    boolean isAllocationFailing() {
        return failing.stream().anyMatch(devices -> devices != 0);
    }

    /// A child has opened the devices for itself.
    void fork() {
        failing.addLast(0);
    }

    void endFork() {
        int _ = failing.removeLast();
    }

    String setFlags(KernelOperation.SetFlags flags) {
        int device = 1 << flags.device();
        int before = failing.removeLast();
        failing.addLast(
                (flags.flags() & FAIL_ALLOCATION) != 0 ? before | device : before & ~device);
        return "0";
    }

    private boolean isFailure(String result) {
        return rules.failing() && (result.equals("-EIO") || result.equals("-EFAULT"));
    }

    /// How many pages from the start of a range can be read.
    private static int readable(List<OracleCell> cells) {
        int count = 0;
        while (count < cells.size()
                && cells.get(count).isReadable()
                && !cells.get(count).isBeyondEnd()) {
            count++;
        }
        return count;
    }

    /// How many pages from the start of a range a migration is not refused for.
    private static int permitted(List<OracleCell> cells) {
        int count = 0;
        while (count < cells.size() && cells.get(count).isReadable()) {
            count++;
        }
        return count;
    }

    private static int writable(List<OracleCell> cells) {
        int count = 0;
        while (count < cells.size()
                && cells.get(count).isWritable()
                && !cells.get(count).isBeyondEnd()) {
            count++;
        }
        return count;
    }

    private String hash(List<OracleCell> cells) {
        List<PageContent> contents = new ArrayList<>(cells.size());
        for (OracleCell cell : cells) {
            contents.add(cell.content());
        }
        return PageContent.hash(contents, contentHash);
    }

    /// A fault at one page of a range has others behind it handled too, and so moved home.
    private void perturb(List<OracleCell> cells, int device, boolean write) {
        for (OracleCell cell : cells) {
            if (write || !isReadByPeer(cell, device)) {
                cell.mayMove(rules.coherent(), write);
            }
        }
    }

    /// Whether a device loads a page of another one where it lies.
    private boolean isReadByPeer(OracleCell cell, int device) {
        return rules.peers() != PeerMode.OFF
                && cell.surelyOn != OracleCell.NOWHERE
                && cell.surelyOn != device
                && !isCoherent(cell.surelyOn);
    }

    private boolean isCoherent(int device) {
        return (rules.coherent() & 1 << device) != 0;
    }

    String read(KernelOperation.DeviceRead read, String result) {
        List<OracleCell> cells = memory.cells(read);
        folios.disturb(read);
        perturb(cells, read.device(), false);
        if (isFailure(result)) {
            return "";
        }
        return readable(cells) < read.pageCount()
                ? PageOracle.expect("-EFAULT", result)
                : expectCounted("0 cp=" + read.pageCount(), " " + hash(cells), result);
    }

    /// Any number of fault rounds between the two parts.
    private static String expectCounted(String before, String after, String result) {
        String start = before + " f=";
        boolean framed = result.startsWith(start) && result.endsWith(after);
        int digits = result.length() - start.length() - after.length();
        for (int i = 0; framed && i < digits; i++) {
            framed = Character.isDigit(result.charAt(start.length() + i));
        }
        return framed && digits > 0 ? "" : start + "*" + after;
    }

    String write(KernelOperation.DeviceWrite write, String result) {
        List<OracleCell> cells = memory.cells(write);
        folios.disturb(write);
        perturb(cells, write.device(), true);
        List<PageContent> stored = PageContent.pattern(write.seed(), write.pageCount());
        int writable = writable(cells);
        if (result.startsWith("-")) {
            return failedWrite(write, cells.subList(0, writable), stored, result);
        }
        for (int i = 0; i < writable; i++) {
            cells.get(i).store(stored.get(i));
        }
        return writable < write.pageCount()
                ? "-EFAULT or -EPERM"
                : expectCounted("0 cp=" + write.pageCount(), "", result);
    }

    /// Pages from the start may have been written, as many as the device had entries for.
    private String failedWrite(
            KernelOperation.DeviceWrite write,
            List<OracleCell> writable,
            List<PageContent> stored,
            String result) {
        boolean mayRefuse =
                !isCoherent(write.device())
                        && writable.stream()
                                .anyMatch(cell ->
                                        cell.mayBeReadType
                                                && !cell.isShared()
                                                && cell.mayBeOn(write.device()));
        boolean denied = writable.size() < write.pageCount();
        boolean expected =
                result.equals("-EFAULT") && (denied || mayRefuse)
                        || result.equals("-EPERM") && denied
                        || isFailure(result);
        boolean torn = rules.failing() || isAnyTwice(writable);
        for (int i = 0; i < writable.size(); i++) {
            writable.get(i).alternative = stored.get(i);
            writable.get(i).torn = torn;
        }
        return expected ? "" : denied ? "-EFAULT or -EPERM" : "0 cp=" + write.pageCount() + " f=*";
    }

    /// Whether a page of an object is mapped at two places of a range, so that it is written twice.
    private static boolean isAnyTwice(List<OracleCell> cells) {
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        return cells.stream().anyMatch(cell -> cell.isShared() && !seen.add(cell.object()));
    }

    String migrateToDevice(KernelOperation.MigrateToDevice migrate, String result) {
        List<OracleCell> cells = memory.cells(migrate);
        List<OracleCell> reached = cells.subList(0, permitted(cells));
        boolean plain = true;
        boolean home = true;
        boolean merged = false;
        for (OracleCell cell : reached) {
            plain &= cell.kind == RegionKind.PRIVATE && !cell.mayBeExclusive && !cell.mayBeMerged;
            plain &= cell.pinCount == 0 && !cell.mayBeSwapped;
            home &= cell.mayBeOn == 0;
            merged |= cell.mayBeMerged;
        }
        plain &= !isAllocationFailing() && !folios.mayBeHeld(reached);
        boolean mayBeLarge =
                rules.mixedOrders() || migrate.pageCount() >= OracleMemory.LARGEST_FOLIO;
        boolean whole = reached.size() == migrate.pageCount();
        boolean sure = rules.roomy() && whole && plain && result.startsWith("0 ");
        // What the device has in its table may be another one's memory.
        int reachable = rules.peers() == PeerMode.OFF ? rules.coherent() : ~0;
        int others = reachable & ~(1 << migrate.device());
        for (OracleCell cell : reached) {
            if (cell.isSurelyOnAny(rules.coherent())) {
                continue; // no migration to a device takes pages of one
            }
            boolean mayBeElsewhere = (cell.mayBeOn & others) != 0;
            if (cell.isShared()) {
                cell.missesStores = true;
                cell.surelyOn = OracleCell.NOWHERE;
                continue;
            }
            cell.mayGoTo(migrate.device());
            cell.mayBeLarge |= mayBeLarge && cell.kind == RegionKind.PRIVATE;
            if (sure && !mayBeElsewhere) {
                cell.mayBeOn = 1 << migrate.device();
                cell.surelyOn = migrate.device();
            }
            cell.mayBeReadType |= !cell.isWritable() || cell.kind != RegionKind.PRIVATE;
        }
        moveShared(reached, migrate.device());
        if (merged) {
            moveMerged(migrate.device());
        }
        boolean certain = rules.roomy() && !rules.failing() && plain && home;
        if (isFailure(result) || whole && !certain && result.equals("-ENOENT")) {
            return "";
        }
        return PageOracle.expect(
                whole ? "0 cp=" + migrate.pageCount() + " f=0 " + hash(cells) : "-EINVAL", result);
    }

    /// Pages of files move for all their mappings, where they move at all.
    private void moveShared(List<OracleCell> reached, int device) {
        if (!rules.movesFiles() || isCoherent(device)) {
            return;
        }
        Set<Object> moved = Collections.newSetFromMap(new IdentityHashMap<>());
        for (OracleCell cell : reached) {
            if (cell.isShared()) {
                moved.add(cell.object());
            }
        }
        if (!moved.isEmpty()) {
            memory.forEachOfAll(cell -> {
                if (cell.isShared() && moved.contains(cell.object())) {
                    cell.mayGoTo(device);
                }
            });
        }
    }

    /// Where one of them goes all go that are the same page.
    private void moveMerged(int device) {
        memory.forEachOfAll(cell -> {
            if (cell.mayBeMerged) {
                cell.mayGoTo(device);
            }
        });
    }

    String migrateToSystem(KernelOperation.MigrateToSystem migrate, String result) {
        List<OracleCell> cells = memory.cells(migrate);
        List<OracleCell> reached = cells.subList(0, permitted(cells));
        int device = migrate.device();
        boolean mayStay = rules.failing() || isAllocationFailing() || folios.mayBeHeld(reached);
        long least = mayStay ? 0 : OracleFolios.leastCount(reached, migrate.startPage(), device);
        long most = reached.stream().filter(cell -> cell.mayBeOn(device)).count();
        reached.forEach(cell -> leave(cell, device));
        if (isFailure(result)) {
            return "";
        }
        if (reached.size() < migrate.pageCount()) {
            return PageOracle.expect("-EINVAL", result);
        }
        if (!mayStay) {
            reached.stream()
                    .filter(cell -> !cell.mayBeExclusive || !isCoherent(device))
                    .forEach(cell -> cell.mayBeOn &= ~(1 << device));
        }
        var counted = COUNTED.matcher(result);
        boolean expected =
                counted.matches()
                        && Long.parseLong(counted.group(1)) >= least
                        && Long.parseLong(counted.group(1)) <= most;
        return expected ? "" : "0 cp=" + least + " to " + most;
    }

    private void leave(OracleCell cell, int device) {
        if (cell.surelyOn == device) {
            cell.surelyOn = OracleCell.NOWHERE;
        }
        cell.mayMove(rules.coherent(), false);
    }

    /// Every page is brought home, but from a coherent device, and made writable first; only
    /// anonymous ones can be had.
    String exclusive(KernelOperation.Exclusive exclusive, String result) {
        List<OracleCell> cells = memory.cells(exclusive);
        folios.disturb(exclusive);
        boolean shared = false;
        boolean losesMarks = false;
        for (OracleCell cell : cells) {
            losesMarks |= cell.mayBeMerged || cell.mayBeLarge;
            shared |= cell.isShared();
            cell.surelyOn = OracleCell.NOWHERE;
            cell.mayBeExclusive |= cell.isWritable();
        }
        boolean whole = writable(cells) == exclusive.pageCount() && !shared;
        if (!whole) {
            cells.forEach(cell -> cell.mayBeReadType = true); // given back by whoever looks
            boolean expected = result.equals("-EFAULT") || result.equals("-EOPNOTSUPP") && shared;
            return expected ? "" : "-EFAULT or, if a page is shared, -EOPNOTSUPP";
        }
        for (OracleCell cell : cells) {
            cell.mayBeOn &= rules.failing() ? ~0 : rules.coherent();
            cell.mayBeReadType &= rules.failing();
            cell.mayBeReadType |= cell.mayBeLarge; // where a large folio is cut the right is lost
        }
        // What happens to a merged page takes marks from others that were the same page; what
        // happens to a large folio, from all its places.
        return isFailure(result) || losesMarks && result.equals("-ENOENT")
                ? ""
                : expectCounted("0 cp=" + exclusive.pageCount(), " " + hash(cells), result);
    }

    /// Base pages of 2 MiB that are on the device become one folio there, or some do.
    String join(KernelOperation.Join join, String result) {
        List<OracleCell> cells = memory.cells(join);
        boolean whole = permitted(cells) == join.pageCount();
        memory.forEachNear(join, cell -> cell.mayBeLarge |= cell.kind == RegionKind.PRIVATE);
        var counted = COUNTED.matcher(result);
        boolean expected =
                counted.matches()
                                && Long.parseLong(counted.group(1)) % OracleMemory.LARGEST_FOLIO
                                        == 0
                                && Long.parseLong(counted.group(1)) <= join.pageCount()
                        || !whole && result.equals("-EINVAL");
        return expected || isFailure(result) ? "" : "0 cp= and whole pieces of 2 MiB";
    }

    /// Which of its marks a device still has is the driver's own matter.
    String checkExclusive(String result) {
        return result.equals("0") || result.equals("-EPERM") ? "" : "0 or -EPERM";
    }

    String release(KernelOperation.Release release, String result) {
        boolean released = result.equals("0");
        memory.forEachOfAll(cell -> {
            if (cell.surelyOn == release.device()) {
                cell.surelyOn = OracleCell.NOWHERE;
            }
            cell.mayBeOn &= released ? ~(1 << release.device()) : ~0;
        });
        return isFailure(result) ? "" : PageOracle.expect("0", result);
    }

    String snapshot(KernelOperation.Snapshot snapshot, String result) {
        String start = "0 cp=" + snapshot.pageCount() + " ";
        if (!result.startsWith(start)) {
            return start + "and as many bytes";
        }
        int page = 0;
        for (String run : result.substring(start.length()).split(",", -1)) {
            if (!RUN.matcher(run).matches()) {
                return start + "and runs of bytes";
            }
            int prot = Integer.parseInt(run.substring(0, 2), 16);
            int end = page + Integer.parseInt(run.substring(3));
            if (isHuge(prot) && !mayBeHuge(snapshot, page, end)) {
                return String.format("another byte than %02x from page %d of it on", prot, page);
            }
            for (; page < end && page < snapshot.pageCount(); page++) {
                OracleCell cell = memory.lookup(snapshot.region(), snapshot.startPage() + page);
                if (!OracleCell.agrees(prot, cell, snapshot.device(), rules)) {
                    return String.format("another byte than %02x at page %d of it", prot, page);
                }
            }
            if (page < end) {
                return start + "and not more bytes";
            }
        }
        return page == snapshot.pageCount() ? "" : start + "and as many bytes";
    }

    private static boolean isHuge(int prot) {
        return prot != ERROR && (prot & HUGE) != 0;
    }

    /// Whether all pages that share a byte can be mapped huge: of each huge page either all are
    /// among them or the snapshot has no more of it.
    private boolean mayBeHuge(KernelOperation.Snapshot snapshot, int from, int to) {
        int start = snapshot.startPage() + from;
        int end = snapshot.startPage() + to;
        boolean isWhole =
                (from == 0 || start % OracleMemory.LARGEST_FOLIO == 0)
                        && (to >= snapshot.pageCount() || end % OracleMemory.LARGEST_FOLIO == 0);
        boolean mayBe = isWhole;
        for (int page = start; page < end && mayBe; page += OracleMemory.LARGEST_FOLIO) {
            mayBe = folios.mayBeHuge(snapshot.region(), page);
        }
        return mayBe && folios.mayBeHuge(snapshot.region(), end - 1);
    }
}
