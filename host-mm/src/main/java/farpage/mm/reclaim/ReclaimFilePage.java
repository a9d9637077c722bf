package farpage.mm.reclaim;

import farpage.mm.Machine;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.TryToUnmap;

/// Reclaims one folio of a file on a disk, whatever its size: its mappings go, it is written if it
/// is dirty, and its file forgets it. Who needs it again reads it.
///
/// The pages of shared memory have no other place, and stay.
///
/// @kernel mm/vmscan.c: shrink_folio_list, pageout, __remove_mapping
final class ReclaimFilePage {
    private final Machine machine;
    private final FolioTable folios;

    ReclaimFilePage(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// Whether a page is of the kind.
    boolean isReclaimable(long page) {
        return folios.mapping(page) instanceof FileMapping file && !file.isShmem();
    }

    /// The folio is locked, isolated from the LRU, and the caller has a reference, which goes with
    /// the page.
    ///
    /// @return whether its references are frozen, and nobody knows it any more; the folio is locked
    ///   still
    boolean evictLocked(long page) {
        if (!(folios.mapping(page) instanceof FileMapping file)) {
            return false;
        }
        if (folios.mapCount(page) > 0) {
            TryToUnmap.ofReclaimedFilePage(machine).unmap(page);
        }
        if (folios.mapCount(page) > 0 || folios.isMaybePinned(page)) {
            folios.setFlag(page, FolioFlags.ACTIVE);
            return false;
        }
        return file.evictLocked(folios.index(page), page);
    }
}
