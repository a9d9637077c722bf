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

/// Removes every mapping of an anonymous page, in all processes: a page in the swap cache leaves
/// swap entries behind, a page that `MADV_FREE` marked nothing at all.
///
/// A mapping stays if its VMA is locked in memory, if the page is pinned, or if a page marked by
/// `MADV_FREE` was written since.
///
/// @kernel mm/rmap.c: try_to_unmap
public final class TryToUnmap {
    private final Machine machine;
    private final FolioTable folios;

    public TryToUnmap(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// The folio is locked and the caller holds a reference. Success is a map count of 0.
    public void unmap(long page) {
        RmapWalk.walk(machine, page, (vma, address) -> unmapAt(page, vma, address));
    }

    private void unmapAt(long page, Vma vma, long address) {
        if ((vma.flags() & VmFlags.LOCKED) != 0) {
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
