package farpage.mm.hugememory;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.OwnMappings;

/// Goes through the entries of a range for the sake of the folios behind them, where what is done
/// with a folio concerns all of it.
///
/// A large folio is met as one if the range holds all its pages in a row. Of another one the range
/// holds a part: it is split, unless other processes map it too, or somebody holds it; then that
/// part is passed over.
///
/// @kernel mm/madvise.c: madvise_cold_or_pageout_pte_range, madvise_free_pte_range
@SuppressWarnings("exports") // for the packages of this module; nobody else can name the types
public final class WholeFolioWalk {
    /// What is done with the entries of one folio. The leaf is locked.
    @FunctionalInterface
    public interface Visitor {
        /// Does it.
        ///
        /// @param slot of the first entry; 0 of a huge leaf
        /// @param count entries in a row; 512 of a huge leaf, 1 for whatever maps no large folio of
        ///   system memory
        /// @param entry the first; the word of a huge leaf. Never NONE
        void visit(PageTableLeaf leaf, int slot, int count, long entry);
    }

    private final Vma vma;
    private final Machine machine;
    private final FolioTable folios;
    private final Visitor visitor;

    /// Of what stopped the visit of a leaf: a page of a folio that the range holds a part of.
    private long partial = Page.NONE;

    /// How many of its entries follow each other there.
    private int partialCount;

    private WholeFolioWalk(Vma vma, Visitor visitor) {
        this.vma = vma;
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.visitor = visitor;
    }

    /// Visits what `[start, end)` of a VMA maps. The mmap lock is held, and no folio lock.
    public static void walk(Vma vma, long start, long end, Visitor visitor) {
        WholeFolioWalk walk = new WholeFolioWalk(vma, visitor);
        PageTable pageTable = vma.mm().pageTable();
        for (long at = pageTable.nextMapped(start, end); at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = pageTable.lookupLeaf(at);
            assert leaf != null;
            walk.walkLeaf(leaf, at, stop);
            at = pageTable.nextMapped(stop, end);
        }
    }

    private void walkLeaf(PageTableLeaf leaf, long start, long end) {
        for (long at = start; at < end; ) {
            partial = Page.NONE;
            leaf.lock();
            long reached = leaf.isHugeLocked() ? hugeLocked(leaf, at, end) : locked(leaf, at, end);
            if (partial != Page.NONE) {
                folios.get(partial);
            }
            leaf.unlock();
            boolean again = partial == Page.NONE || split(partial);
            at = again ? reached : reached + PageSize.pageAddress(partialCount);
        }
    }

    /// @return `end`, or `start` if the folio has to be split
    private long hugeLocked(PageTableLeaf leaf, long start, long end) {
        long word = leaf.pmdLocked();
        if (PageTableLeaf.isWhole(start, end)) {
            visitor.visit(leaf, 0, PageSize.ENTRIES_PER_TABLE, word);
            return end;
        }
        if (!isOfRam(word) || folios.mapCount(PageTableEntry.page(word)) > 1) {
            return end; // mapped more than once, it is mapped by others
        }
        partial = PageTableEntry.page(leaf.entryLocked(PageTableLeaf.slot(start)));
        partialCount = (int) PageSize.pageNumber(end - start);
        return start;
    }

    /// @return `end`, or where the entries of a folio begin that has to be split
    private long locked(PageTableLeaf leaf, long start, long end) {
        int endSlot = PageTableLeaf.slot(start) + (int) PageSize.pageNumber(end - start);
        int count;
        for (int slot = PageTableLeaf.slot(start); slot < endSlot; slot += count) {
            count = 1;
            long entry = leaf.entryLocked(slot);
            if (PageTableEntry.isNone(entry)) {
                continue;
            }
            if (isOfRam(entry) && folios.isLarge(PageTableEntry.page(entry))) {
                long page = PageTableEntry.page(entry);
                count = FolioBatch.countLocked(folios, leaf, slot, endSlot, entry);
                if (count < folios.pageCount(page)) {
                    partial = page;
                    partialCount = count;
                    return end - PageSize.pageAddress(endSlot - slot);
                }
            }
            visitor.visit(leaf, slot, count, entry);
        }
        return end;
    }

    private static boolean isOfRam(long entry) {
        return PageTableEntry.isPresent(entry)
                && !PageTableEntry.isSpecial(entry)
                && !Page.isDevice(PageTableEntry.page(entry));
    }

    /// Splits a folio to base pages, unless somebody has; the reference that was taken goes.
    ///
    /// @return false if it stays as it is
    private boolean split(long page) {
        boolean split = false;
        if (folios.tryLock(page)) {
            split =
                    !folios.isLarge(page)
                            || !OwnMappings.isMappedShared(vma.mm(), page)
                                    && new SplitFolio(machine).split(page, 0);
            folios.unlock(page);
        }
        machine.put(page);
        return split;
    }
}
