package farpage.mm.khugepaged;

import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.hugememory.FolioBatch;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.memory.HostMemory;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.RemoveRmap;

/// The pages that a table maps, taken off the LRU and locked, so that nobody finds them in another
/// way while their contents are copied. The leaf is locked from [#isolateLocked()] to the end.
///
/// @kernel mm/khugepaged.c: __collapse_huge_page_isolate, __collapse_huge_page_copy
final class IsolatedPages {
    private final Machine machine;
    private final FolioTable folios;
    private final Vma vma;
    private final PageTableLeaf leaf;
    private final CollapseLimits limits;

    /// The head of each folio, which we have locked and hold a reference of.
    private final long[] held = new long[PageSize.ENTRIES_PER_TABLE];

    private int heldCount;
    private int noneOrZero;
    private int shared;
    private int referenced;

    IsolatedPages(Vma vma, PageTableLeaf leaf, CollapseLimits limits) {
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.vma = vma;
        this.leaf = leaf;
        this.limits = limits;
    }

    /// Takes them all, or none.
    ///
    /// @return SUCCEED if they are held now
    ScanResult isolateLocked() {
        ScanResult result = ScanResult.SUCCEED;
        for (int slot = 0;
                slot < PageSize.ENTRIES_PER_TABLE && result == ScanResult.SUCCEED;
                slot++) {
            result = isolate(leaf.entryLocked(slot));
        }
        if (result == ScanResult.SUCCEED && limits.sparing() && referenced == 0) {
            result = ScanResult.LACK_REFERENCED_PAGE;
        }
        if (result != ScanResult.SUCCEED) {
            letGo();
        }
        return result;
    }

    private ScanResult isolate(long entry) {
        if (TableScan.isNoneOrZero(machine, entry)) {
            noneOrZero++;
            return TableScan.exceedsNone(vma, limits, noneOrZero)
                    ? ScanResult.EXCEED_NONE_PTE
                    : ScanResult.SUCCEED;
        }
        if (!PageTableEntry.isPresent(entry)) {
            return ScanResult.PTE_NON_PRESENT;
        }
        if (TableScan.isUffdWp(entry)) {
            return ScanResult.PTE_UFFD_WP;
        }
        if (!TableScan.isOrdinary(entry)) {
            return ScanResult.PAGE_NULL;
        }
        long page = PageTableEntry.page(entry);
        if (folios.pageMapCount(page) > 1 && ++shared > limits.maxPtesShared()) {
            return ScanResult.EXCEED_SHARED_PTE;
        }
        if (folios.hasFlag(page, FolioFlags.HWPOISON)) {
            return ScanResult.COPY_MC;
        }
        long head = folios.head(page);
        ScanResult result = isHeld(head) ? ScanResult.SUCCEED : hold(head);
        if (result == ScanResult.SUCCEED && TableScan.isReferenced(folios, entry)) {
            referenced++;
        }
        return result;
    }

    /// The pages of a large folio usually follow each other.
    private boolean isHeld(long head) {
        if (!folios.isLarge(head)) {
            return false;
        }
        for (int i = heldCount - 1; i >= 0; i--) {
            if (held[i] == head) {
                return true;
            }
        }
        return false;
    }

    private ScanResult hold(long head) {
        if (!folios.tryLock(head)) {
            return ScanResult.PAGE_LOCK;
        }
        ScanResult result = ScanResult.SUCCEED;
        if (!TableScan.isHeldByMappingsOnly(folios, head)) {
            result = ScanResult.PAGE_COUNT;
        } else if (!folios.testAndClearFlag(head, FolioFlags.LRU)) {
            result = ScanResult.PAGE_LRU;
        }
        if (result == ScanResult.SUCCEED) {
            folios.get(head);
            held[heldCount++] = head;
        } else {
            folios.unlock(head);
        }
        return result;
    }

    /// Gives the pages back as they were found, less the mappings that went.
    void letGo() {
        for (int i = 0; i < heldCount; i++) {
            folios.setFlag(held[i], FolioFlags.LRU);
            folios.unlock(held[i]);
            machine.swap().freeCacheIfUnmapped(held[i]);
            machine.put(held[i]);
        }
        heldCount = 0;
    }

    /// Copies the contents and takes the mappings away: the table is empty then. What was never
    /// written is zero.
    ///
    /// @param page of the folio that the contents go to
    void moveLocked(long page) {
        HostMemory ram = machine.ram();
        int count = 1;
        for (int slot = 0; slot < PageSize.ENTRIES_PER_TABLE; slot += count) {
            long entry = leaf.entryLocked(slot);
            if (TableScan.isNoneOrZero(machine, entry)) {
                count = 1;
                ram.zero(page + slot, 0);
                leaf.setEntryLocked(slot, PageTableEntry.NONE);
            } else {
                count = moveFolioLocked(slot, entry, page + slot);
            }
        }
        vma.mm().addRss(RssCounter.ANON, noneOrZero);
    }

    /// Does the same with an entry's page, and with those that follow it in the same folio.
    ///
    /// @return how many
    private int moveFolioLocked(int slot, long entry, long to) {
        int end = PageSize.ENTRIES_PER_TABLE;
        int count = FolioBatch.countLocked(folios, leaf, slot, end, entry);
        long from = PageTableEntry.page(entry);
        for (int i = 0; i < count; i++) {
            machine.ram().copy(from + i, to + i);
            leaf.setEntryLocked(slot + i, PageTableEntry.NONE);
        }
        RemoveRmap.pages(machine, from, count);
        machine.put(from, count); // not the last: we hold one
        return count;
    }
}
