package farpage.mm.swap;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.BlockBitmap;
import farpage.mm.memory.FolioFlags;

/// One swap area: which slots are in use, by how many swap entries, and which folio stands for
/// each. A slot is free when no entry names it and no folio stands for it.
///
/// A folio that stands for a slot is held by a reference of the swap cache, and is flagged
/// `SWAPCACHE`. The pair is made and parted under the folio lock and the area's.
///
/// @kernel include/linux/swap.h: struct swap_info_struct; mm/swap_table.h
final class SwapArea {
    /// What came of a folio that was offered to stand for a slot.
    enum CacheAdd {
        ADDED,
        /// Another folio stands for it.
        EXISTS,
        /// No swap entry names the slot any more.
        GONE
    }

    private final Machine machine;
    private final int number;
    private final SwapStorage storage;
    private final RankedLock lock = new RankedLock(LockRank.SWAP_AREA);

    private final BlockBitmap free;
    private final int[] entryCounts;

    /// The folio that stands for each slot: its PFN plus one, or zero.
    private final int[] folios;

    /// The memory cgroup that each slot is charged to.
    private final char[] memcgs;

    /// Whether slots may be taken.
    private boolean open = true;

    SwapArea(Machine machine, int number, SwapStorage storage) {
        this.machine = machine;
        this.number = number;
        this.storage = storage;
        int slots = storage.slotCount();
        this.free = new BlockBitmap(slots);
        this.entryCounts = new int[slots];
        this.folios = new int[slots];
        this.memcgs = new char[slots];
        for (int slot = 1; slot < slots; slot++) {
            free.add(slot);
        }
    }

    int number() {
        return number;
    }

    SwapStorage storage() {
        return storage;
    }

    /// Slots that pages can lie in.
    int slotCount() {
        return entryCounts.length - 1;
    }

    int freeSlotCount() {
        lock.lock();
        try {
            return open ? free.size() : 0;
        } finally {
            lock.unlock();
        }
    }

    /// Lets no slot be taken any more, or lets them again.
    void setOpen(boolean value) {
        lock.lock();
        open = value;
        lock.unlock();
    }

    /// Takes the lowest free slot for a folio, which stands for it from now on. The folio is
    /// locked.
    ///
    /// @param memcg the cgroup that the slot is charged to
    /// @return the swap entry, or [SwapEntry#NONE] if the area is full
    /// @kernel mm/swapfile.c: folio_alloc_swap
    long allocate(long page, int memcg) {
        lock.lock();
        try {
            int slot = open ? free.first() : -1;
            if (slot < 0) {
                return SwapEntry.NONE;
            }
            free.remove(slot);
            memcgs[slot] = (char) memcg;
            return attachLocked(slot, page);
        } finally {
            lock.unlock();
        }
    }

    private long attachLocked(int slot, long page) {
        assert machine.folios().isLocked(page);
        assert folios[slot] == 0;
        long entry = SwapEntry.of(number, slot);
        folios[slot] = (int) Page.pfn(page) + 1;
        machine.folios().setSwapEntry(page, entry);
        machine.folios().get(page);
        machine.folios().setFlag(page, FolioFlags.SWAPCACHE);
        return entry;
    }

    /// Offers a folio to stand for a slot. The folio is locked.
    ///
    /// @kernel mm/swap_state.c: swap_cache_add_folio
    CacheAdd add(int slot, long page) {
        lock.lock();
        try {
            if (folios[slot] != 0) {
                return CacheAdd.EXISTS;
            }
            if (entryCounts[slot] == 0) {
                return CacheAdd.GONE;
            }
            attachLocked(slot, page);
            return CacheAdd.ADDED;
        } finally {
            lock.unlock();
        }
    }

    /// The folio that stands for a slot, with a reference for the caller; [Page#NONE] if there is
    /// none, or if it is about to be freed.
    ///
    /// @kernel mm/swap_state.c: swap_cache_get_folio
    long get(int slot) {
        lock.lock();
        try {
            int folio = folios[slot];
            return folio != 0 && machine.folios().tryGet(folio - 1) ? folio - 1 : Page.NONE;
        } finally {
            lock.unlock();
        }
    }

    /// The folio no longer stands for the slot; the caller drops the reference of the swap cache.
    /// The folio is locked, or all its references are frozen.
    ///
    /// @kernel mm/swap_state.c: swap_cache_del_folio
    void remove(int slot, long page) {
        int uncharged = 0;
        lock.lock();
        try {
            assert folios[slot] == Page.pfn(page) + 1;
            folios[slot] = 0;
            machine.folios().clearFlag(page, FolioFlags.SWAPCACHE);
            if (entryCounts[slot] == 0) {
                uncharged = freeLocked(slot);
            }
        } finally {
            lock.unlock();
        }
        machine.memcgs().unchargeSwap(uncharged);
    }

    /// Another folio takes the place of one that is in migration. Both are locked; the reference of
    /// the swap cache moves too.
    ///
    /// @kernel mm/swap_state.c: __swap_cache_replace_folio
    void replace(int slot, long from, long to) {
        lock.lock();
        try {
            assert folios[slot] == Page.pfn(from) + 1;
            machine.folios().clearFlag(from, FolioFlags.SWAPCACHE);
            folios[slot] = 0;
            attachLocked(slot, to);
        } finally {
            lock.unlock();
        }
        machine.put(from);
    }

    /// One more swap entry names the slot.
    ///
    /// @kernel mm/swapfile.c: swap_dup_entry_direct
    void duplicate(int slot) {
        lock.lock();
        assert entryCounts[slot] > 0 || folios[slot] != 0 : "duplicate of a free slot " + slot;
        entryCounts[slot]++;
        lock.unlock();
    }

    /// A swap entry that named the slot is gone.
    ///
    /// @return the folio that stands for the slot and is its only user now, with a reference for
    ///   the caller; else [Page#NONE]
    /// @kernel mm/swapfile.c: swap_put_entries_direct
    long release(int slot) {
        int uncharged = 0;
        long left = Page.NONE;
        lock.lock();
        try {
            assert entryCounts[slot] > 0 : "release of slot " + slot + ", which nothing names";
            entryCounts[slot]--;
            if (entryCounts[slot] == 0 && folios[slot] == 0) {
                uncharged = freeLocked(slot);
            } else if (entryCounts[slot] == 0 && machine.folios().tryGet(folios[slot] - 1)) {
                left = folios[slot] - 1L;
            }
        } finally {
            lock.unlock();
        }
        machine.memcgs().unchargeSwap(uncharged);
        return left;
    }

    private int freeLocked(int slot) {
        int memcg = memcgs[slot];
        memcgs[slot] = 0;
        free.add(slot);
        return memcg;
    }

    /// How many swap entries name the slot.
    ///
    /// @kernel mm/swapfile.c: swap_count
    int entryCount(int slot) {
        lock.lock();
        try {
            return entryCounts[slot];
        } finally {
            lock.unlock();
        }
    }

    /// The number of the memory cgroup that the slot is charged to.
    ///
    /// @kernel mm/swap_cgroup.c: lookup_swap_cgroup_id
    int memcg(int slot) {
        lock.lock();
        try {
            return memcgs[slot];
        } finally {
            lock.unlock();
        }
    }

    /// The first slot in use from one on; -1 if there is none.
    int nextUsed(int from) {
        lock.lock();
        try {
            for (int slot = Math.max(from, 1); slot < entryCounts.length; slot++) {
                if (entryCounts[slot] != 0 || folios[slot] != 0) {
                    return slot;
                }
            }
            return -1;
        } finally {
            lock.unlock();
        }
    }
}
