package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.RmapWalk;

/// Whether a page of a large folio can be written in place: if nothing but entries of the one
/// process refers to the folio. A folio of which one page alone is still mapped is not worth
/// keeping, and the page is copied out of it.
///
/// @kernel mm/memory.c: __wp_can_reuse_large_anon_folio
final class LargeFolioReuse {
    private final Mm mm;
    private final FolioTable folios;
    private int ownMappings;

    private LargeFolioReuse(Mm mm) {
        this.mm = mm;
        this.folios = mm.machine().folios();
    }

    /// Makes the page exclusive if it can be. The caller holds a reference of its own, and no lock
    /// of a leaf.
    ///
    /// @param page mapped by the process, at an entry that the caller looks at again afterwards
    static boolean makeExclusive(Mm mm, long page) {
        return new LargeFolioReuse(mm).makeExclusive(page);
    }

    private boolean makeExclusive(long page) {
        if (!isReferredToByMappings(page) || !folios.tryLock(page)) {
            return false;
        }
        Machine machine = mm.machine();
        long head = folios.head(page);
        RmapWalk.walk(
                machine,
                head,
                folios.pageCount(head),
                (vma, address, first, count) -> countOwn(vma, address, head + first, count));
        boolean alone = isReferredToByMappings(page) && ownMappings == folios.mapCount(page);
        if (alone) {
            folios.setFlag(page, FolioFlags.ANON_EXCLUSIVE);
        }
        folios.unlock(page);
        return alone;
    }

    private boolean isReferredToByMappings(long page) {
        int mappings = folios.mapCount(page);
        return mappings > 1 && folios.refCount(page) == mappings + 1;
    }

    private void countOwn(Vma vma, long address, long firstPage, int pageCount) {
        if (vma.mm() != mm) {
            return;
        }
        long end = address + PageSize.pageAddress(pageCount);
        for (long at = address; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = mm.pageTable().lookupLeaf(at);
            if (leaf != null && leaf.lockIfAlive()) {
                countLocked(leaf, at, stop, firstPage + PageSize.pageNumber(at - address));
                leaf.unlock();
            }
            at = stop;
        }
    }

    private void countLocked(PageTableLeaf leaf, long start, long end, long firstPage) {
        if (leaf.isHugeLocked()) {
            ownMappings += names(leaf.pmdLocked(), folios.head(firstPage)) ? 1 : 0;
            return;
        }
        long page = firstPage;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE, page++) {
            ownMappings += names(leaf.entryLocked(PageTableLeaf.slot(at)), page) ? 1 : 0;
        }
    }

    private static boolean names(long entry, long page) {
        return PageTableEntry.isPresent(entry)
                && !PageTableEntry.isSpecial(entry)
                && PageTableEntry.page(entry) == page;
    }
}
