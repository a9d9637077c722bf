package farpage.mm.reclaim;

import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.VmStat;
import farpage.mm.hugememory.HugePageCounters;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.FolioReferenced;
import farpage.mm.rmap.TryToUnmap;
import org.jspecify.annotations.Nullable;

/// Reclaims one folio, or finds that it must stay: isolate, lock, see whether it was used, give it
/// a swap slot, unmap it everywhere, write it, free it. A large one is cut first.
///
/// @kernel mm/vmscan.c: shrink_folio_list
final class ReclaimFolio {
    private static final int NEVER =
            FolioFlags.UNEVICTABLE | FolioFlags.MLOCKED | FolioFlags.HWPOISON | FolioFlags.RESERVED;

    private final Machine machine;
    private final FolioTable folios;
    private final ReclaimFilePage filePage;

    ReclaimFolio(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
        this.filePage = new ReclaimFilePage(machine);
    }

    /// Tries to free a folio that may be on the LRU. The caller holds no reference.
    ///
    /// @param ignoreReferences whether it goes even if it was used a moment ago
    /// @param page its head
    /// @param demotion takes what can move down a tier instead; null if nothing may
    /// @return how many frames are free now
    int reclaim(long page, boolean ignoreReferences, @Nullable Demotion demotion) {
        int flags = folios.flags(page);
        if ((flags & FolioFlags.LRU) == 0 || (flags & NEVER) != 0 || !folios.tryGet(page)) {
            return 0;
        }
        if (!folios.testAndClearFlag(page, FolioFlags.LRU)) {
            machine.put(page); // isolated by somebody else
            return 0;
        }
        boolean anonymous = folios.isAnonymous(page) || folios.hasFlag(page, FolioFlags.SWAPCACHE);
        int pageCount = folios.pageCount(page);
        machine.vmStat()
                .count(anonymous ? VmStat.Event.PGSCAN_ANON : VmStat.Event.PGSCAN_FILE, pageCount);
        boolean isCut = false;
        if (folios.tryLock(page)) {
            Fate fate = demotion == null ? Fate.UNKNOWN : fate(page, demotion);
            if (demotion != null && fate.isInMemory()) {
                folios.setFlag(page, FolioFlags.LRU);
                folios.unlock(page);
                if (fate == Fate.SINKS) {
                    demotion.add(page);
                }
                machine.put(page);
                return 0;
            }
            boolean isCold = fate == Fate.COLD;
            if (isCutFirst(page)) {
                isCut = cutLocked(page, ignoreReferences, isCold);
            } else if (shrinkLocked(page, ignoreReferences || isCold)) {
                machine.vmStat()
                        .count(
                                anonymous ? VmStat.Event.PGSTEAL_ANON : VmStat.Event.PGSTEAL_FILE,
                                pageCount);
                return pageCount;
            }
            folios.setFlag(page, FolioFlags.LRU);
            folios.unlock(page);
        } else {
            folios.setFlag(page, FolioFlags.LRU);
        }
        machine.put(page);
        return isCut ? reclaimPieces(page, pageCount, ignoreReferences) : 0;
    }

    /// What becomes of a folio where folios may move down a tier.
    private enum Fate {
        /// It is not of the kind, or there is no next tier.
        UNKNOWN,
        /// It was used lately.
        STAYS,
        /// It moves down.
        SINKS,
        /// It would, but there is no room.
        COLD;

        private boolean isInMemory() {
            return this == STAYS || this == SINKS;
        }
    }

    private Fate fate(long page, Demotion demotion) {
        if (!demotion.takes(page)) {
            return Fate.UNKNOWN;
        }
        if (wasUsed(page)) {
            return Fate.STAYS;
        }
        return demotion.hasRoom(page) ? Fate.SINKS : Fate.COLD;
    }

    /// A large folio goes to swap page by page. One that `MADV_FREE` marked goes as a whole.
    private boolean isCutFirst(long page) {
        return folios.isLarge(page)
                && folios.isAnonymous(page)
                && folios.hasFlag(page, FolioFlags.SWAPBACKED)
                && !folios.hasFlag(page, NEVER);
    }

    /// @return whether it was cut; its pieces are on the LRU
    private boolean cutLocked(long page, boolean ignoreReferences, boolean isCold) {
        boolean mayGo =
                ignoreReferences
                        || machine.swap().freeSlotCount() > 0 && (isCold || !wasUsed(page));
        if (!mayGo || folios.isMaybePinned(page)) {
            return false;
        }
        boolean partial = folios.hasFlag(page, FolioFlags.PARTIALLY_MAPPED);
        int order = folios.order(page);
        folios.setFlag(page, FolioFlags.LRU);
        if (!new SplitFolio(machine).split(page, 0)) {
            activate(page);
            return false;
        }
        if (!partial) {
            HugePageCounters counters = machine.hugePages().counters();
            counters.count(HugePageCounters.SizeEvent.SWPOUT_FALLBACK, order, 1);
            if (order == PageSize.HPAGE_PMD_ORDER) {
                counters.count(HugePageCounters.Event.SWPOUT_FALLBACK);
            }
        }
        return true;
    }

    /// What nobody mapped was freed when the folio was cut.
    private int reclaimPieces(long page, int pageCount, boolean ignoreReferences) {
        int freed = 0;
        for (long piece = page; piece < page + pageCount; piece++) {
            freed += machine.ram().isFree(piece) ? 1 : reclaim(piece, ignoreReferences, null);
        }
        return freed;
    }

    private boolean shrinkLocked(long page, boolean ignoreReferences) {
        if (folios.hasFlag(page, NEVER)) {
            return false;
        }
        if (!folios.isAnonymous(page) && !folios.hasFlag(page, FolioFlags.SWAPCACHE)) {
            return shrinkFileLocked(page, ignoreReferences);
        }
        return shrinkAnonymousLocked(page, ignoreReferences);
    }

    /// Pages of files have their own way back, through their file.
    private boolean shrinkFileLocked(long page, boolean ignoreReferences) {
        if (!filePage.isReclaimable(page)
                || !ignoreReferences && wasUsed(page)
                || !filePage.evictLocked(page)) {
            return false;
        }
        int pageCount = folios.pageCount(page);
        folios.unlock(page);
        machine.freeFrozen(page);
        machine.vmStat().count(VmStat.Event.PGSTEAL_DIRECT, pageCount);
        return true;
    }

    private boolean shrinkAnonymousLocked(long page, boolean ignoreReferences) {
        if (!ignoreReferences && wasUsed(page)) {
            return false;
        }
        boolean lazyFree = !folios.hasFlag(page, FolioFlags.SWAPBACKED);
        if (!lazyFree && !hasSlot(page)) {
            return false;
        }
        if (folios.mapCount(page) > 0) {
            TryToUnmap.ofReclaimed(machine).unmap(page);
        }
        if (folios.mapCount(page) > 0 || folios.isMaybePinned(page)) {
            activate(page);
            boolean _ = machine.swap().freeCache(page);
            return false;
        }
        if (lazyFree) {
            return free(page, 1, VmStat.Event.PGLAZYFREED);
        }
        // Ours and that of the swap cache: with more, somebody is about to use it.
        if (folios.refCount(page) != 2
                || folios.hasFlag(page, FolioFlags.DIRTY) && !machine.swap().write(page)) {
            return false;
        }
        return free(page, 2, VmStat.Event.PGSTEAL_DIRECT);
    }

    /// A folio that was used since the last look stays; used at two looks in a row, or through
    /// several mappings, it becomes active.
    ///
    /// @kernel mm/vmscan.c: folio_check_references
    private boolean wasUsed(long page) {
        if (folios.mapCount(page) == 0) {
            return false;
        }
        FolioReferenced referenced = new FolioReferenced(machine);
        int uses = referenced.count(page);
        boolean before = folios.testAndClearFlag(page, FolioFlags.REFERENCED);
        if (referenced.isLocked()) {
            return true;
        }
        if (uses == 0) {
            return false;
        }
        folios.setFlag(page, FolioFlags.REFERENCED);
        if (before || uses > 1) {
            activate(page);
        }
        return true;
    }

    private boolean hasSlot(long page) {
        if (folios.hasFlag(page, FolioFlags.SWAPCACHE)) {
            return true;
        }
        if (folios.isMaybePinned(page)) {
            return false;
        }
        if (machine.swap().allocate(page)) {
            return true;
        }
        activate(page);
        return false;
    }

    private void activate(long page) {
        folios.setFlag(page, FolioFlags.ACTIVE);
        machine.vmStat().count(VmStat.Event.PGACTIVATE, folios.pageCount(page));
    }

    /// Nobody maps the folio: it goes, if nobody has found it meanwhile either.
    ///
    /// @kernel mm/vmscan.c: __remove_mapping
    private boolean free(long page, int references, VmStat.Event event) {
        if (!folios.freezeReferences(page, references)) {
            return false;
        }
        if (folios.hasFlag(page, FolioFlags.SWAPCACHE)) {
            machine.swap().removeCached(page);
        }
        int pageCount = folios.pageCount(page);
        folios.unlock(page);
        machine.freeFrozen(page);
        machine.vmStat().count(event, pageCount);
        return true;
    }
}
