package farpage.mm.inspect;

import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// The walk of the views over the entries of a VMA, holes included. Each leaf's lock is held while
/// its entries are shown; the mmap lock is held throughout.
///
/// @kernel mm/pagewalk.c: walk_page_range
final class PageWalk {
    private PageWalk() {}

    /// What is shown an entry.
    @FunctionalInterface
    interface Visitor {
        void visit(long address, long entry);
    }

    /// Every page of `[start, end)`, which lies in the VMA; NONE where there is no page table.
    static void walk(Vma vma, long start, long end, Visitor visitor) {
        assert vma.mm().isLocked();
        PageTable pageTable = vma.mm().pageTable();
        for (long at = start; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = pageTable.lookupLeaf(at);
            if (leaf != null) {
                leaf.lock();
            }
            for (long address = at; address < stop; address += PageSize.PAGE_SIZE) {
                visitor.visit(
                        address,
                        leaf == null
                                ? PageTableEntry.NONE
                                : leaf.entryLocked(PageTableLeaf.slot(address)));
            }
            if (leaf != null) {
                leaf.unlock();
            }
            at = stop;
        }
    }
}
