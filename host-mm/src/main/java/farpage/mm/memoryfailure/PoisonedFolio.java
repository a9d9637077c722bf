package farpage.mm.memoryfailure;

import farpage.mm.Machine;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.RmapWalk;
import farpage.mm.rmap.TryToUnmap;
import org.jspecify.annotations.Nullable;

/// Takes one broken folio from its users: it is unmapped everywhere, then leaves the LRU and
/// whatever knows it.
///
/// What is left in the page tables depends on where else the contents are. Clean pages of a file
/// leave nothing: the next access reads them again. A page with a swap slot leaves swap entries.
/// All others leave entries that say that the memory is broken.
///
/// @kernel mm/memory-failure.c: hwpoison_user_mappings, identify_page_state
final class PoisonedFolio {
    private final Machine machine;
    private final FolioTable folios;
    private final long page;

    private boolean dirtyFound;

    PoisonedFolio(Machine machine, long page) {
        this.machine = machine;
        this.folios = machine.folios();
        this.page = page;
    }

    /// The folio is locked, and the caller has a reference that he keeps.
    Outcome handleLocked() {
        if (isOnLru()) {
            unmap();
            if (folios.mapCount(page) > 0) {
                return Outcome.of(BrokenPage.UNMAP_FAILED, Recovery.FAILED);
            }
            if (!isInSwapCache() && folios.mapping(page) == null) {
                return Outcome.of(BrokenPage.TRUNCATED_LRU, Recovery.IGNORED);
            }
        }
        if (folios.hasFlag(page, FolioFlags.RESERVED)) {
            return Outcome.of(BrokenPage.KERNEL, Recovery.IGNORED);
        }
        boolean dirty = folios.hasFlag(page, FolioFlags.DIRTY);
        if (isInSwapCache()) {
            return dirty ? keepInSwapCache() : leaveSwapCache();
        }
        return isOnLru() ? leaveLru(dirty) : Outcome.of(BrokenPage.UNKNOWN, Recovery.FAILED);
    }

    private boolean isOnLru() {
        return folios.hasFlag(page, FolioFlags.LRU);
    }

    private boolean isInSwapCache() {
        return folios.hasFlag(page, FolioFlags.SWAPCACHE);
    }

    private void unmap() {
        if (folios.mapCount(page) == 0) {
            return;
        }
        TryToUnmap.Leaving leaving = TryToUnmap.Leaving.POISON;
        if (isInSwapCache()) {
            leaving = TryToUnmap.Leaving.SWAP;
        } else if (folios.mapping(page) instanceof FileMapping file
                && !file.isShmem()
                && !isDirtyAnywhere()) {
            leaving = TryToUnmap.Leaving.NOTHING;
        }
        TryToUnmap.ofBroken(machine, leaving).unmap(page);
    }

    /// @kernel mm/rmap.c: folio_mkclean, of which only the answer is needed
    private boolean isDirtyAnywhere() {
        dirtyFound = folios.hasFlag(page, FolioFlags.DIRTY);
        RmapWalk.walk(
                machine,
                page,
                (vma, address) -> {
                    PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
                    if (leaf != null && leaf.lockIfAlive()) {
                        long entry = leaf.entryLocked(PageTableLeaf.slot(address));
                        dirtyFound |= maps(entry) && PageTableEntry.isDirty(entry);
                        leaf.unlock();
                    }
                });
        return dirtyFound;
    }

    private boolean maps(long entry) {
        return PageTableEntry.isPresent(entry) && PageTableEntry.page(entry) == page;
    }

    /// Nothing else has the contents, so that who reads them must be told: the folio goes on
    /// standing for its slot.
    ///
    /// @kernel mm/memory-failure.c: me_swapcache_dirty
    private Outcome keepInSwapCache() {
        folios.clearFlag(page, FolioFlags.DIRTY | FolioFlags.UPTODATE);
        boolean delayed = isolate() && !hasOtherReferences(1);
        return Outcome.of(BrokenPage.DIRTY_SWAPCACHE, delayed ? Recovery.DELAYED : Recovery.FAILED);
    }

    /// The contents are in the slot too.
    ///
    /// @kernel mm/memory-failure.c: me_swapcache_clean
    private Outcome leaveSwapCache() {
        machine.swap().removeCached(page);
        machine.put(page);
        boolean recovered = isolate() && !hasOtherReferences(0);
        return Outcome.of(
                BrokenPage.CLEAN_SWAPCACHE, recovered ? Recovery.RECOVERED : Recovery.FAILED);
    }

    /// A page of a file is lost to the file, and with it what was not written; one of shared memory
    /// stays, so that nobody takes its place for a hole.
    ///
    /// @kernel mm/memory-failure.c: me_pagecache_dirty, me_pagecache_clean
    private Outcome leaveLru(boolean dirty) {
        @Nullable Object mapping = folios.mapping(page);
        boolean _ = isolate();
        boolean recovered = true;
        if (mapping instanceof FileMapping file) {
            boolean removed = file.removeBroken(folios.index(page), page);
            recovered = !hasOtherReferences(removed ? 0 : 1);
        }
        return Outcome.of(
                dirty ? BrokenPage.DIRTY_LRU : BrokenPage.CLEAN_LRU,
                recovered ? Recovery.RECOVERED : Recovery.FAILED);
    }

    /// @return false if somebody else did
    /// @kernel mm/memory-failure.c: delete_from_lru_cache
    private boolean isolate() {
        if (!folios.testAndClearFlag(page, FolioFlags.LRU)) {
            return false;
        }
        folios.clearFlag(
                page, FolioFlags.ACTIVE | FolioFlags.UNEVICTABLE | FolioFlags.ANON_EXCLUSIVE);
        if (machine.memcgs().isEnabled()) {
            machine.memcgs().uncharge(page);
        }
        return true;
    }

    /// @param known references besides that of the caller
    /// @kernel mm/memory-failure.c: has_extra_refcount
    private boolean hasOtherReferences(int known) {
        return folios.refCount(page) - 1 - known > 0;
    }
}
