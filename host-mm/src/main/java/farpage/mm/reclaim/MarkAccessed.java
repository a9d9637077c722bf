package farpage.mm.reclaim;

import farpage.mm.Machine;
import farpage.mm.VmStat;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;

/// An access to a folio that no page table entry shows: it counts as referenced, and at the second
/// time it becomes active.
///
/// @kernel mm/swap.c: folio_mark_accessed
public final class MarkAccessed {
    private static final int NOT_ACTIVATED =
            FolioFlags.ACTIVE | FolioFlags.UNEVICTABLE | FolioFlags.MLOCKED;

    private MarkAccessed() {}

    /// Notes an access.
    public static void mark(Machine machine, long page) {
        FolioTable folios = machine.folios();
        if (!folios.hasFlag(page, FolioFlags.REFERENCED)) {
            folios.setFlag(page, FolioFlags.REFERENCED);
        } else if (!folios.hasFlag(page, NOT_ACTIVATED)) {
            folios.setFlag(page, FolioFlags.ACTIVE);
            folios.clearFlag(page, FolioFlags.REFERENCED);
            machine.vmStat().count(VmStat.Event.PGACTIVATE, 1);
        }
    }
}
