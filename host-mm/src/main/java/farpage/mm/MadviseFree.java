package farpage.mm;

import farpage.mm.hugememory.WholeFolioWalk;
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
/// A large folio is marked as a whole; one of which only a part is meant is split first.
///
/// @kernel mm/madvise.c: madvise_free_single_vma, madvise_free_pte_range; mm/huge_memory.c:
///   madvise_free_huge_pmd
final class MadviseFree {
    private final Mm mm;
    private final Machine machine;
    private final FolioTable folios;

    private MadviseFree(Mm mm) {
        this.mm = mm;
        this.machine = mm.machine();
        this.folios = machine.folios();
    }

    static void free(Vma vma, long start, long end) {
        Mm mm = vma.mm();
        boolean started =
                mm.notifiers().start(MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, start, end));
        assert started;
        WholeFolioWalk.walk(vma, start, end, new MadviseFree(mm)::freeLocked);
        mm.notifiers().end();
    }

    private void freeLocked(PageTableLeaf leaf, int slot, int count, long entry) {
        if (leaf.isHugeLocked()) {
            if (isOrdinary(entry) && makeHugeLazilyFree(PageTableEntry.page(entry))) {
                leaf.setPmdLocked(unused(entry));
            }
        } else if (PageTableEntry.isSwap(entry)) {
            leaf.setEntryLocked(slot, PageTableEntry.NONE);
            mm.addRss(RssCounter.SWAP_ENTRIES, -1);
            machine.swap().releaseAndReclaim(SwapEntry.ofPageTableEntry(entry));
        } else if (PageTableEntry.isPoison(entry)) {
            leaf.setEntryLocked(slot, PageTableEntry.NONE);
        } else if (isOrdinary(entry)
                && makeLazilyFree(PageTableEntry.page(entry), isAnyDirty(leaf, slot, count))) {
            for (int i = slot; i < slot + count; i++) {
                leaf.setEntryLocked(i, unused(leaf.entryLocked(i)));
            }
        }
    }

    private static long unused(long entry) {
        return PageTableEntry.withoutDirty(PageTableEntry.withoutYoung(entry));
    }

    /// A present mapping of a page of system memory.
    private static boolean isOrdinary(long entry) {
        return PageTableEntry.isPresent(entry)
                && !PageTableEntry.isSpecial(entry)
                && !Page.isDevice(PageTableEntry.page(entry));
    }

    private static boolean isAnyDirty(PageTableLeaf leaf, int slot, int count) {
        for (int i = slot; i < slot + count; i++) {
            if (PageTableEntry.isDirty(leaf.entryLocked(i))) {
                return true;
            }
        }
        return false;
    }

    /// A dirty folio that is locked by somebody or shared stays as it is, and so does one whose
    /// swap slot others need. Where only entries are dirty, those of other processes keep a shared
    /// folio from being lost; where nothing is, nothing would, so that one stays as well.
    private boolean makeLazilyFree(long page, boolean entriesDirty) {
        if (!entriesDirty && folios.mapCount(page) != folios.pageCount(page)) {
            return false;
        }
        if (folios.hasFlag(page, FolioFlags.DIRTY | FolioFlags.SWAPCACHE)) {
            if (!folios.tryLock(page)) {
                return false;
            }
            boolean own =
                    folios.mapCount(page) == folios.pageCount(page)
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
        markLazyFree(page);
        return true;
    }

    /// @param page of a folio that one entry maps whole
    private boolean makeHugeLazilyFree(long page) {
        if (folios.mapCount(page) > 1 || !folios.tryLock(page)) {
            return false;
        }
        folios.clearFlag(page, FolioFlags.DIRTY);
        folios.unlock(page);
        markLazyFree(page);
        return true;
    }

    /// @kernel mm/swap.c: folio_mark_lazyfree
    private void markLazyFree(long page) {
        int flags = folios.flags(page);
        boolean onLru = (flags & FolioFlags.LRU) != 0;
        if (onLru && (flags & (FolioFlags.SWAPCACHE | FolioFlags.UNEVICTABLE)) == 0) {
            folios.clearFlag(page, FolioFlags.ACTIVE | FolioFlags.REFERENCED);
            if (folios.testAndClearFlag(page, FolioFlags.SWAPBACKED)) {
                machine.reclaim().noteLazyFree(folios.pageCount(page));
            }
        }
    }
}
