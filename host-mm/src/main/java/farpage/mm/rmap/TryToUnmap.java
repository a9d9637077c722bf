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

    /// For a page of a file on a disk.
    public static TryToUnmap ofReclaimedFilePage(Machine machine) {
        return new TryToUnmap(machine, Leaving.FILE, true);
    }

    /// For a page whose memory is broken: no mapping stays.
    ///
    /// @kernel mm/memory-failure.c: unmap_poisoned_folio
    public static TryToUnmap ofBroken(Machine machine, Leaving leaving) {
        return new TryToUnmap(machine, leaving, false);
    }

    /// The folio is locked and the caller holds a reference. Success is a map count of 0.
    public void unmap(long page) {
        RmapWalk.walk(machine, page, (vma, address) -> unmapAt(page, vma, address));
    }

    private void unmapAt(long page, Vma vma, long address) {
        if (respectLocked && (vma.flags() & VmFlags.LOCKED) != 0) {
            return;
        }
        boolean started =
                vma.mm()
                        .notifiers()
                        .start(
                                MmuNotifierRange.of(
                                        MmuNotifierRange.Event.CLEAR,
                                        address,
                                        address + PageSize.PAGE_SIZE));
        assert started;
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf != null && leaf.lockIfAlive()) {
            int slot = PageTableLeaf.slot(address);
            if (maps(leaf.entryLocked(slot), page) && replaceLocked(leaf, slot, page, vma.mm())) {
                folios.removeMapping(page);
                machine.put(page);
            }
            leaf.unlock();
        }
        vma.mm().notifiers().end();
    }

    private static boolean maps(long entry, long page) {
        boolean mapping =
                PageTableEntry.isPresent(entry)
                        ? !PageTableEntry.isSpecial(entry)
                        : PageTableEntry.isDeviceExclusive(entry);
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
        if (folios.hasFlag(page, FolioFlags.DIRTY)) {
            folios.setFlag(page, FolioFlags.SWAPBACKED);
            return false;
        }
        if (folios.refCount(page) != 1 + folios.mapCount(page)) {
            return false;
        }
        folios.clearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        leaf.setEntryLocked(slot, PageTableEntry.NONE);
        mm.addRss(RssCounter.ANON, -1);
        return true;
    }
}
