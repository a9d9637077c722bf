package farpage.mm.hugememory;

import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Entries in a row that map pages of one folio that follow each other, all in the same way: what
/// happens to them happens at once.
///
/// @kernel mm/internal.h: folio_pte_batch
@SuppressWarnings("exports") // for the packages of this module; nobody else can name the types
public final class FolioBatch {
    private FolioBatch() {}

    /// How many there are from a slot on; 1 for a small folio. The leaf is locked.
    ///
    /// @param endSlot where to stop
    /// @param entry the first, of a present page
    public static int countLocked(
            FolioTable folios, PageTableLeaf leaf, int slot, int endSlot, long entry) {
        long page = PageTableEntry.page(entry);
        if (!folios.isLarge(page)) {
            return 1;
        }
        long folioEnd = folios.head(page) + folios.pageCount(page);
        int countMax = (int) Math.min(endSlot - slot, folioEnd - page);
        int count = 1;
        while (count < countMax
                && PageTableEntry.isSameMapping(
                        leaf.entryLocked(slot + count), PageTableEntry.following(entry, count))) {
            count++;
        }
        return count;
    }
}
