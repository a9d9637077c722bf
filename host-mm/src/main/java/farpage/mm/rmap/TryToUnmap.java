package farpage.mm.rmap;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.swap.SwapEntry;

/// Removes every mapping of a page, in all processes, for reclaim or because the page is broken.
///
/// For reclaim, a page in the swap cache leaves swap entries behind, a page that `MADV_FREE` marked
/// nothing at all. A mapping stays if its VMA is locked in memory, if the page is pinned, or if a
/// page marked by `MADV_FREE` was written since.
///
/// @kernel mm/rmap.c: try_to_unmap
public final class TryToUnmap {
    /// What stands in the page tables afterwards.
    public enum Leaving {
        /// Swap entries, for a page in the swap cache; for another what `MADV_FREE` permits.
        SWAP,
        /// Entries that say that the memory is broken.
        POISON,
        /// Nothing: the contents are in a file. Whoever wrote to the broken page finds POISON.
        NOTHING,
        /// Nothing: the page goes to its file first, if it is dirty.
        FILE
    }

    private final Machine machine;
    private final FolioTable folios;
    private final Leaving leaving;

    /// Whether mappings stay where memory is locked.
    private final boolean respectLocked;

    private TryToUnmap(Machine machine, Leaving leaving, boolean respectLocked) {
        this.machine = machine;
        this.folios = machine.folios();
        this.leaving = leaving;
        this.respectLocked = respectLocked;
    }

    /// For a page that is reclaimed.
    public static TryToUnmap ofReclaimed(Machine machine) {
        return new TryToUnmap(machine, Leaving.SWAP, true);
    }

    /// For a folio of a file on a disk.
    public static TryToUnmap ofReclaimedFilePage(Machine machine) {
        return new TryToUnmap(machine, Leaving.FILE, true);
    }

    /// For a folio of a file that is about to be cut: who needs its pages finds them in the file.
    ///
    /// @kernel mm/huge_memory.c: unmap_folio
    public static TryToUnmap ofCutFileFolio(Machine machine) {
        return new TryToUnmap(machine, Leaving.FILE, false);
    }

    /// For a page whose memory is broken: no mapping stays.
    ///
    /// @kernel mm/memory-failure.c: unmap_poisoned_folio
    public static TryToUnmap ofBroken(Machine machine, Leaving leaving) {
        return new TryToUnmap(machine, leaving, false);
    }

    /// The folio is locked and the caller holds a reference. Success is a map count of 0.
    ///
    /// @param page its head. A large folio must be one that `MADV_FREE` marked, or a file's
    public void unmap(long page) {
        assert !folios.isLarge(page) || leaving == Leaving.SWAP || leaving == Leaving.FILE;
        assert !folios.isLarge(page) || !folios.hasFlag(page, FolioFlags.SWAPBACKED);
        if (folios.isLarge(page)) {
            RmapWalk.walk(
                    machine,
                    page,
                    folios.pageCount(page),
                    (vma, address, first, count) -> unmapAt(page + first, count, vma, address));
        } else {
            RmapWalk.walk(machine, page, (vma, address) -> unmapAt(page, 1, vma, address));
        }
    }

    private void unmapAt(long firstPage, int pageCount, Vma vma, long address) {
        long end = address + PageSize.pageAddress(pageCount);
        if (respectLocked && (vma.flags() & VmFlags.LOCKED) != 0) {
            return;
        }
        boolean started =
                vma.mm()
                        .notifiers()
                        .start(MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, address, end));
        assert started;
        for (long at = address; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(at);
            if (leaf != null && leaf.lockIfAlive()) {
                long page = firstPage + PageSize.pageNumber(at - address);
                if (leaf.isHugeLocked()) {
                    discardHugeLocked(leaf, folios.head(page), vma.mm());
                } else {
                    unmapLocked(leaf, at, stop, page, vma.mm());
                }
                leaf.unlock();
            }
            at = stop;
        }
        vma.mm().notifiers().end();
    }

    private void unmapLocked(PageTableLeaf leaf, long start, long end, long firstPage, Mm mm) {
        long page = firstPage;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE, page++) {
            int slot = PageTableLeaf.slot(at);
            if (maps(leaf.entryLocked(slot), page)) {
                if (!replaceLocked(leaf, slot, page, mm)) {
                    return;
                }
                RemoveRmap.page(machine, page);
                machine.put(page);
            }
        }
    }

    /// @kernel mm/huge_memory.c: unmap_huge_pmd_locked, __discard_anon_folio_pmd_locked
    private void discardHugeLocked(PageTableLeaf leaf, long head, Mm mm) {
        long word = leaf.pmdLocked();
        if (!maps(word, head)) {
            return;
        }
        if (TryToMigrate.isDirtyPresent(word)) {
            folios.setFlag(head, FolioFlags.DIRTY);
        }
        if (mayDiscard(head)) {
            leaf.setPmdLocked(PageTableEntry.NONE);
            mm.addRss(RssCounter.ANON, -PageSize.ENTRIES_PER_TABLE);
            RemoveRmap.entire(machine, head);
            machine.put(head);
        }
    }

    private static boolean maps(long entry, long page) {
        boolean mapping =
                PageTableEntry.isPresent(entry)
                        ? !PageTableEntry.isSpecial(entry)
                        : PageTableEntry.isDeviceExclusive(entry)
                                || PageTableEntry.isDevicePrivate(entry);
        return mapping && PageTableEntry.page(entry) == page;
    }

    /// @return false if the mapping must stay
    private boolean replaceLocked(PageTableLeaf leaf, int slot, long page, Mm mm) {
        long entry = leaf.entryLocked(slot);
        if (TryToMigrate.isDirtyPresent(entry)) {
            folios.setFlag(page, FolioFlags.DIRTY);
        }
        if (leaving != Leaving.SWAP) {
            removeLocked(leaf, slot, page, mm);
            return true;
        }
        if (!folios.hasFlag(page, FolioFlags.SWAPBACKED)) {
            return discardLocked(leaf, slot, page, mm);
        }
        boolean exclusive = folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE);
        if (exclusive && folios.isMaybePinned(page)) {
            return false;
        }
        folios.clearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        long swap = folios.swapEntry(page);
        machine.swap().duplicate(swap);
        leaf.setEntryLocked(
                slot,
                PageTableEntry.ofSwappedOut(
                        SwapEntry.area(swap), SwapEntry.offset(swap), exclusive, entry));
        mm.addRss(RssCounter.ANON, -1);
        mm.addRss(RssCounter.SWAP_ENTRIES, 1);
        return true;
    }

    /// Whether somebody pinned the page is not asked: it is broken, or its file goes on having it.
    private void removeLocked(PageTableLeaf leaf, int slot, long page, Mm mm) {
        boolean lost =
                leaving == Leaving.POISON
                        || leaving == Leaving.NOTHING
                                && TryToMigrate.isDirtyPresent(leaf.entryLocked(slot));
        folios.clearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        leaf.setEntryLocked(slot, lost ? PageTableEntry.ofHwPoison(page) : PageTableEntry.NONE);
        mm.addRss(RssCounter.of(folios, page), -1);
    }

    /// A page that nobody wrote since it was marked is dropped. One that was written is an ordinary
    /// page again.
    private boolean discardLocked(PageTableLeaf leaf, int slot, long page, Mm mm) {
        if (!mayDiscard(page)) {
            return false;
        }
        folios.clearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        leaf.setEntryLocked(slot, PageTableEntry.NONE);
        mm.addRss(RssCounter.ANON, -1);
        return true;
    }

    private boolean mayDiscard(long page) {
        if (folios.hasFlag(page, FolioFlags.DIRTY)) {
            folios.setFlag(page, FolioFlags.SWAPBACKED);
            return false;
        }
        return folios.refCount(page) == 1 + folios.mapCount(page);
    }
}
