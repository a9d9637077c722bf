package farpage.mm.rmap;

import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Counts the mappings through which a folio was used since the last look, and forgets the uses. In
/// how many places a VMA maps pages of a large folio makes no difference.
///
/// @kernel mm/rmap.c: folio_referenced
public final class FolioReferenced {
    // What was found in a leaf.
    private static final int NOTHING = 0;
    private static final int MAPS = 1;
    private static final int YOUNG = 2;

    private final Machine machine;
    private final FolioTable folios;
    private int used;
    private boolean locked;

    public FolioReferenced(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// The folio is locked and the caller holds a reference.
    ///
    /// @param page its head
    public int count(long page) {
        used = 0;
        locked = false;
        RmapWalk.walk(
                machine,
                page,
                folios.pageCount(page),
                (vma, address, first, count) -> look(vma, address, page + first, count));
        return used;
    }

    /// Whether the last folio counted is mapped where pages are locked in memory.
    public boolean isLocked() {
        return locked;
    }

    private void look(Vma vma, long address, long firstPage, int pageCount) {
        boolean maps = false;
        boolean young = false;
        long end = address + PageSize.pageAddress(pageCount);
        for (long at = address; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(at);
            if (leaf != null && leaf.lockIfAlive()) {
                long page = firstPage + PageSize.pageNumber(at - address);
                int found = lookLocked(leaf, at, stop, page);
                maps |= found >= MAPS;
                young |= found == YOUNG;
                leaf.unlock();
            }
            at = stop;
        }
        locked |= maps && (vma.flags() & VmFlags.LOCKED) != 0;
        used += young ? 1 : 0;
    }

    private int lookLocked(PageTableLeaf leaf, long start, long end, long firstPage) {
        if (leaf.isHugeLocked()) {
            long word = leaf.pmdLocked();
            if (!maps(word, folios.head(firstPage))) {
                return NOTHING;
            }
            leaf.setPmdLocked(PageTableEntry.withoutYoung(word));
            return PageTableEntry.isYoung(word) ? YOUNG : MAPS;
        }
        int found = NOTHING;
        long page = firstPage;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE, page++) {
            int slot = PageTableLeaf.slot(at);
            long entry = leaf.entryLocked(slot);
            if (maps(entry, page)) {
                found = Math.max(found, PageTableEntry.isYoung(entry) ? YOUNG : MAPS);
                leaf.setEntryLocked(slot, PageTableEntry.withoutYoung(entry));
            }
        }
        return found;
    }

    private static boolean maps(long entry, long page) {
        return PageTableEntry.isPresent(entry) && PageTableEntry.page(entry) == page;
    }
}
