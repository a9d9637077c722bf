package farpage.testing;

import farpage.emulator.trace.KernelOperation;
import java.util.List;

/// What large folios leave open: that pages move together, that one which is held keeps others
/// where they are, and that several count as one.
///
/// Which pages are one folio is not known, for that depends on what memory was free and on all that
/// was cut since. So it is only told apart which pages may be part of one.
///
/// @kernel mm/huge_memory.c
final class OracleFolios {
    private final PageOracle.Rules rules;
    private final OracleMemory memory;

    OracleFolios(PageOracle.Rules rules, OracleMemory memory) {
        this.rules = rules;
        this.memory = memory;
    }

    private static boolean isAnyLarge(List<OracleCell> cells) {
        return cells.stream().anyMatch(cell -> cell.mayBeLarge);
    }

    /// Pages of a range are faulted in, and may take those of the same folios with them.
    void disturb(KernelOperation.OnPages range) {
        if (isAnyLarge(memory.cells(range))) {
            memory.forEachNear(
                    range,
                    cell -> {
                        if (cell.mayBeLarge) {
                            cell.mayMove(rules.coherent(), false);
                        }
                    });
        }
    }

    /// Pages of a range become one folio, or may.
    void collapse(KernelOperation.OnPages range) {
        memory.forEachNear(
                range,
                cell -> {
                    cell.mayBeLarge |= !cell.isShared();
                    cell.surelyOn = OracleCell.NOWHERE;
                });
    }

    /// Whether pages may have to stay because of something about others of their folios.
    boolean mayBeHeld(List<OracleCell> cells) {
        return isAnyLarge(cells)
                && memory.isAnyOfAll(cell ->
                        cell.mayBeLarge
                                && (cell.pinCount > 0
                                        || cell.mayBeExclusive
                                        || cell.mayBeMerged
                                        || cell.mayBeSwapped));
    }

    /// The least that pages which surely are on a device count: a huge page there counts as one.
    ///
    /// @param startPage the index of the first of them
    static long leastCount(List<OracleCell> cells, int startPage, int device) {
        long count = 0;
        int lastHuge = -1;
        for (int i = 0; i < cells.size(); i++) {
            OracleCell cell = cells.get(i);
            int huge = (startPage + i) / OracleMemory.LARGEST_FOLIO;
            if (cell.surelyOn == device && !(cell.mayBeLarge && huge == lastHuge)) {
                count++;
                lastHuge = cell.mayBeLarge ? huge : lastHuge;
            }
        }
        return count;
    }

    /// Whether a page can be mapped as part of a huge one: all around it belong to one mapping.
    boolean mayBeHuge(String region, int page) {
        OracleCell first = memory.lookup(region, page);
        int start = page - page % OracleMemory.LARGEST_FOLIO;
        for (int i = start; i < start + OracleMemory.LARGEST_FOLIO; i++) {
            OracleCell cell = memory.lookup(region, i);
            if (first == null
                    || cell == null
                    || !cell.mayBeLarge
                    || cell.protection != first.protection) {
                return false;
            }
        }
        return true;
    }
}
