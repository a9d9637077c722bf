package farpage.mm.inspect;

import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// The walk of the views over the entries of a VMA, holes included. Each leaf's lock is held while
/// its entries, or its huge mapping, are shown; the mmap lock is held throughout.
///
/// @kernel mm/pagewalk.c: walk_page_range
final class PageWalk {
    private PageWalk() {}

    /// What is shown an entry.
    @FunctionalInterface
    interface Visitor {
        void visit(long address, long entry);

        /// Is shown the pages `[start, end)` of a huge mapping; who does not care about the level
        /// sees each page's part of it.
        ///
        /// @param word the PMD's, which names the first page of all its 2 MiB
        default void visitHuge(long start, long end, long word) {
            for (long address = start; address < end; address += PageSize.PAGE_SIZE) {
                visit(address, ofPage(word, address));
            }
        }
    }

    /// What a huge mapping says of the page at an address.
    static long ofPage(long word, long address) {
        return PageTableEntry.following(word, PageTableLeaf.slot(address));
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
                visitLeafLocked(leaf, at, stop, visitor);
                leaf.unlock();
            } else {
                visitHole(at, stop, visitor);
            }
            at = stop;
        }
    }

    private static void visitLeafLocked(PageTableLeaf leaf, long at, long stop, Visitor visitor) {
        if (leaf.isHugeLocked()) {
            visitor.visitHuge(at, stop, leaf.pmdLocked());
            return;
        }
        for (long address = at; address < stop; address += PageSize.PAGE_SIZE) {
            visitor.visit(address, leaf.entryLocked(PageTableLeaf.slot(address)));
        }
    }

    private static void visitHole(long at, long stop, Visitor visitor) {
        for (long address = at; address < stop; address += PageSize.PAGE_SIZE) {
            visitor.visit(address, PageTableEntry.NONE);
        }
    }
}
