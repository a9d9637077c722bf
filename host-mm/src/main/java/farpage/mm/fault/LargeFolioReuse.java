package farpage.mm.fault;

import farpage.mm.Mm;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.OwnMappings;

/// Whether a page of a large folio can be written in place: if nothing but entries of the one
/// process refers to the folio. A folio of which one page alone is still mapped is not worth
/// keeping, and the page is copied out of it.
///
/// @kernel mm/memory.c: __wp_can_reuse_large_anon_folio
final class LargeFolioReuse {
    private LargeFolioReuse() {}

    /// Makes the page exclusive if it can be. The caller holds a reference of its own, and no lock
    /// of a leaf.
    ///
    /// @param page mapped by the process, at an entry that the caller looks at again afterwards
    static boolean makeExclusive(Mm mm, long page) {
        FolioTable folios = mm.machine().folios();
        if (!isReferredToByMappings(folios, page) || !folios.tryLock(page)) {
            return false;
        }
        boolean alone =
                !OwnMappings.isMappedShared(mm, page) && isReferredToByMappings(folios, page);
        if (alone) {
            folios.setFlag(page, FolioFlags.ANON_EXCLUSIVE);
        }
        folios.unlock(page);
        return alone;
    }

    private static boolean isReferredToByMappings(FolioTable folios, long page) {
        int mappings = folios.mapCount(page);
        return mappings > 1 && folios.refCount(page) == mappings + 1;
    }
}
