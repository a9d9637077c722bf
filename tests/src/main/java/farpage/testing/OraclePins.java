package farpage.testing;

import farpage.emulator.replay.ContentHash;
import farpage.emulator.trace.Fnv1a64;
import farpage.emulator.trace.KernelOperation;
import farpage.emulator.trace.RegionKind;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The pages that each process has pinned. While a page is mapped where it was pinned, what it
/// contains is what the process sees there, whatever happens to both; afterwards it does not change
/// any more.
///
/// @kernel mm/gup.c
final class OraclePins {
    /// One page, pinned once.
    private static final class Pinned {
        private final OracleCell cell;

        /// What it contained when the process lost it.
        private @Nullable PageContent last;

        Pinned(OracleCell cell) {
            this.cell = cell;
        }

        PageContent content() {
            return last != null ? last : cell.content();
        }
    }

    private final Deque<List<Pinned>> processes = new ArrayDeque<>();

    OraclePins() {
        processes.addLast(new ArrayList<>());
    }

    void fork() {
        processes.addLast(new ArrayList<>());
    }

    void endFork() {
        unpin();
        processes.removeLast();
    }

    /// Pages from the first on are faulted in for a store, as many as may be stored to, and leave
    /// the devices.
    String pin(
            OracleMemory memory, KernelOperation.Pin pin, PageOracle.Rules rules, String result) {
        List<OracleCell> cells = memory.cells(pin);
        int writable = 0;
        int failing = Integer.MAX_VALUE;
        for (OracleCell cell : cells) {
            if (!mayBePinned(cell)) {
                break;
            }
            if (rules.failing() && cell.mayBeOn != 0) {
                failing = Math.min(failing, writable);
            }
            writable++;
        }
        int pinned = result.startsWith("0 n=") ? Integer.parseInt(result.substring(4)) : 0;
        boolean isExpected = pinned == writable || pinned >= failing && pinned < writable;
        for (OracleCell cell : cells.subList(0, Math.min(pinned, writable))) {
            cell.use(0, true);
            cell.mayBeReadType = false;
            cell.mayBeSwapped = false;
            cell.pinCount++;
            processes.getLast().add(new Pinned(cell));
        }
        for (OracleCell cell : cells) {
            cell.surelyOn = OracleCell.NOWHERE;
        }
        boolean isExcused =
                failing < writable && (result.equals("-EBUSY") || result.equals("-ENOMEM"));
        boolean isWellFormed = pinned > 0 || result.equals("-EFAULT");
        return isExcused || isExpected && isWellFormed
                ? ""
                : writable == 0 ? "-EFAULT" : "0 n=" + writable;
    }

    /// A file on disk must hear of stores; so its pages are not pinned for long.
    ///
    /// @kernel mm/gup.c: writable_file_mapping_allowed
    private static boolean mayBePinned(OracleCell cell) {
        return cell.isWritable() && !cell.isBeyondEnd() && cell.kind != RegionKind.FILE_SHARED;
    }

    /// Whether any page is pinned, mapped or not: it may be part of a folio of which others are.
    boolean isAny() {
        return processes.stream().anyMatch(process -> !process.isEmpty());
    }

    String check(ContentHash contentHash) {
        List<PageContent> contents = new ArrayList<>();
        processes.getLast().forEach(pinned -> contents.add(pinned.content()));
        return "n="
                + contents.size()
                + " "
                + (contents.isEmpty()
                        ? "h=" + Fnv1a64.format(Fnv1a64.START)
                        : PageContent.hash(contents, contentHash));
    }

    String unpin() {
        for (Pinned pinned : processes.getLast()) {
            pinned.cell.pinCount -= pinned.last == null ? 1 : 0;
        }
        processes.getLast().clear();
        return "ok";
    }

    /// A page leaves its file; pins to it stay.
    @SuppressWarnings("ReferenceEquality") // that page, and no other
    void loseObject(Object page) {
        for (List<Pinned> process : processes) {
            for (Pinned pinned : process) {
                if (pinned.last == null && pinned.cell.isShared() && pinned.cell.object() == page) {
                    pinned.last = pinned.cell.content();
                    pinned.cell.pinCount--;
                }
            }
        }
    }

    /// A mapped page goes; pins to it stay.
    void lose(OracleCell cell) {
        for (List<Pinned> process : processes) {
            for (Pinned pinned : process) {
                if (pinned.last == null
                        && (pinned.cell == cell || pinned.cell.isSameObject(cell))) {
                    pinned.last = pinned.cell.content();
                    pinned.cell.pinCount--;
                }
            }
        }
    }
}
