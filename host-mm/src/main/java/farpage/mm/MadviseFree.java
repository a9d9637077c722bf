package farpage.mm;

import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.swap.SwapEntry;

/// `MADV_FREE`: pages that only this process maps become clean and are no longer backed by swap, so
/// that reclaim may throw them away as long as nobody writes them again. Pages on devices, and
/// pages that others share, stay as they are.
///
/// @kernel mm/madvise.c: madvise_free_single_vma, madvise_free_pte_range
final class MadviseFree {
    private MadviseFree() {}

    static void free(Vma vma, long start, long end) {
        Mm mm = vma.mm();
        boolean started =
                mm.notifiers().start(MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, start, end));
        assert started;
        mm.pageTable().walkLeaves(start, end, (leaf, from, to) -> freeLocked(vma, leaf, from, to));
        mm.notifiers().end();
    }

    private static void freeLocked(Vma vma, PageTableLeaf leaf, long from, long to) {
        Mm mm = vma.mm();
        for (long address = from; address < to; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            if (PageTableEntry.isSwap(entry)) {
                leaf.setEntryLocked(slot, PageTableEntry.NONE);
                mm.addRss(RssCounter.SWAP_ENTRIES, -1);
                mm.machine().swap().releaseAndReclaim(SwapEntry.ofPageTableEntry(entry));
            } else if (PageTableEntry.isPoison(entry)) {
                leaf.setEntryLocked(slot, PageTableEntry.NONE);
            } else if (isOrdinary(entry) && makeLazilyFree(mm.machine(), entry)) {
                leaf.setEntryLocked(
                        slot, PageTableEntry.withoutDirty(PageTableEntry.withoutYoung(entry)));
            }
        }
    }

    /// A present mapping of a page of system memory.
    private static boolean isOrdinary(long entry) {
        return PageTableEntry.isPresent(entry)
                && !PageTableEntry.isSpecial(entry)
                && !Page.isDevice(PageTableEntry.page(entry));
    }

    /// A dirty page that is locked by somebody or shared stays as it is, and so does one whose swap
    /// slot others need.
    private static boolean makeLazilyFree(Machine machine, long entry) {
        FolioTable folios = machine.folios();
        long page = PageTableEntry.page(entry);
        if (folios.hasFlag(page, FolioFlags.DIRTY | FolioFlags.SWAPCACHE)) {
            if (!folios.tryLock(page)) {
                return false;
            }
            boolean own =
                    folios.mapCount(page) == 1
                            && (!folios.hasFlag(page, FolioFlags.SWAPCACHE)
                                    || machine.swap().freeCache(page));
            if (own) {
                folios.clearFlag(page, FolioFlags.DIRTY);
            }
            folios.unlock(page);
            if (!own) {
                return false;
            }
        }
        int flags = folios.flags(page);
        boolean onLru = (flags & FolioFlags.LRU) != 0;
        if (onLru && (flags & (FolioFlags.SWAPCACHE | FolioFlags.UNEVICTABLE)) == 0) {
            folios.clearFlag(page, FolioFlags.ACTIVE | FolioFlags.REFERENCED);
            if (folios.testAndClearFlag(page, FolioFlags.SWAPBACKED)) {
                machine.reclaim().noteLazyFree();
            }
        }
        return true;
    }
}
