package farpage.mm.swap;

import farpage.mm.Check;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.VmStat;
import farpage.mm.Vma;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// The swap areas of one machine, the slots in them, and the swap cache.
///
/// @kernel mm/swapfile.c, mm/swap_state.c, mm/page_io.c
public final class SwapSpace {
    /// Swap areas that a swap entry can tell apart, in whichever number space device pages are.
    ///
    /// @kernel include/linux/swap.h: MAX_SWAPFILES
    public static final int AREA_COUNT_MAX = 24;

    private final Machine machine;
    private final RankedLock registry = new RankedLock(LockRank.DEVICE_REGISTRY);
    private final AtomicReferenceArray<@Nullable SwapArea> areas =
            new AtomicReferenceArray<>(AREA_COUNT_MAX);

    /// One is made by the machine.
    public SwapSpace(Machine machine) {
        this.machine = machine;
    }

    // Areas.

    /// Takes a swap area into use. Areas are filled in the order of their numbers.
    ///
    /// @return EPERM if there are as many as the machine's number space leaves room for; the
    ///   storage is the caller's then
    /// @kernel mm/swapfile.c: sys_swapon
    public Errno swapOn(SwapStorage storage) {
        registry.lock();
        try {
            int limit = machine.pfns().space().swapAreaCountMax();
            for (int number = 0; number < limit; number++) {
                if (areas.getAcquire(number) == null) {
                    areas.setRelease(number, new SwapArea(machine, number, storage));
                    return Errno.OK;
                }
            }
            return Errno.EPERM;
        } finally {
            registry.unlock();
        }
    }

    /// Brings everything back that lies in an area and gives the area up. The caller holds no lock.
    ///
    /// @return EINVAL if there is no such area, ENOMEM if memory can not take the pages, which stay
    ///   where they are
    /// @kernel mm/swapfile.c: sys_swapoff
    public Errno swapOff(int number) {
        SwapArea area = number < 0 || number >= AREA_COUNT_MAX ? null : areas.getAcquire(number);
        if (area == null) {
            return Errno.EINVAL;
        }
        area.setOpen(false);
        Errno errno = new TryToUnuse(machine, area).run();
        if (!errno.isOk()) {
            area.setOpen(true);
            return errno;
        }
        close(area);
        return Errno.OK;
    }

    private void close(SwapArea area) {
        registry.lock();
        areas.setRelease(area.number(), null);
        registry.unlock();
        area.storage().close();
    }

    /// Gives all areas up once every process has exited, so that nothing lies in them but what the
    /// swap cache kept.
    public void close() {
        for (int number = 0; number < AREA_COUNT_MAX; number++) {
            SwapArea area = areas.getAcquire(number);
            if (area != null) {
                Errno errno = swapOff(number);
                Check.that(errno.isOk(), "a swap area was left in use");
            }
        }
    }

    /// Slots of all areas: `SwapTotal`.
    public long slotCount() {
        long slots = 0;
        for (int number = 0; number < AREA_COUNT_MAX; number++) {
            SwapArea area = areas.getAcquire(number);
            slots += area == null ? 0 : area.slotCount();
        }
        return slots;
    }

    /// Slots that can be taken: `SwapFree`.
    ///
    /// @kernel include/linux/swap.h: get_nr_swap_pages
    public long freeSlotCount() {
        long slots = 0;
        for (int number = 0; number < AREA_COUNT_MAX; number++) {
            SwapArea area = areas.getAcquire(number);
            slots += area == null ? 0 : area.freeSlotCount();
        }
        return slots;
    }

    /// Whether there is any area: without, nothing can be swapped.
    public boolean isInUse() {
        for (int number = 0; number < AREA_COUNT_MAX; number++) {
            if (areas.getAcquire(number) != null) {
                return true;
            }
        }
        return false;
    }

    /// Whether so much is in use that slots are not kept for pages that were read back.
    ///
    /// @kernel mm/swap.h: vm_swap_full
    public boolean isNearlyFull() {
        return freeSlotCount() * 2 < slotCount();
    }

    private SwapArea area(long entry) {
        SwapArea area = areas.getAcquire(SwapEntry.area(entry));
        assert area != null : SwapEntry.describe(entry) + " lies in no area";
        return area;
    }

    // Entries.

    /// One more page table entry names the slot.
    ///
    /// @kernel mm/swapfile.c: swap_duplicate
    public void duplicate(long entry) {
        area(entry).duplicate(SwapEntry.offset(entry));
    }

    /// A page table entry that named the slot was taken by a fault, whose folio stands for the slot
    /// or has just replaced it.
    ///
    /// @kernel mm/swapfile.c: folio_put_swap
    public void release(long entry) {
        long folio = area(entry).release(SwapEntry.offset(entry));
        if (folio != Page.NONE) {
            machine.put(folio);
        }
    }

    /// A page table entry that named the slot was removed with what it stood for. The last one
    /// frees the folio that stood for it, if nobody has that in his hands.
    ///
    /// @kernel mm/swapfile.c: swap_put_entries_direct
    public void releaseAndReclaim(long entry) {
        long folio = area(entry).release(SwapEntry.offset(entry));
        if (folio == Page.NONE) {
            return;
        }
        freeCacheIfUnmapped(folio);
        machine.put(folio);
    }

    /// The number of swap entries that name the slot.
    public int entryCount(long entry) {
        return area(entry).entryCount(SwapEntry.offset(entry));
    }

    /// The number of the memory cgroup that the slot is charged to.
    public int memcg(long entry) {
        return area(entry).memcg(SwapEntry.offset(entry));
    }

    /// The first slot in use after a given one, in the order of areas and slots; [SwapEntry#NONE]
    /// if there is none. For checks.
    public long nextUsed(long after) {
        for (int number = SwapEntry.area(after); number < AREA_COUNT_MAX; number++) {
            SwapArea area = areas.getAcquire(number);
            boolean same = number == SwapEntry.area(after);
            int slot = area == null ? -1 : area.nextUsed(same ? SwapEntry.offset(after) + 1 : 1);
            if (slot >= 0) {
                return SwapEntry.of(number, slot);
            }
        }
        return SwapEntry.NONE;
    }

    // The swap cache.

    /// Takes a slot for a folio and puts the folio in the swap cache, dirty. The folio is locked.
    ///
    /// @return false if there is no slot to be had
    /// @kernel mm/swapfile.c: folio_alloc_swap
    public boolean allocate(long page) {
        FolioTable folios = machine.folios();
        assert !folios.hasFlag(page, FolioFlags.SWAPCACHE);
        int memcg = folios.memcg(page);
        if (!machine.memcgs().tryChargeSwap(memcg)) {
            return false;
        }
        for (int number = 0; number < AREA_COUNT_MAX; number++) {
            SwapArea area = areas.getAcquire(number);
            if (area != null && area.allocate(page, memcg) != SwapEntry.NONE) {
                folios.setFlag(page, FolioFlags.DIRTY);
                return true;
            }
        }
        machine.memcgs().unchargeSwap(memcg);
        return false;
    }

    /// The folio that stands for a slot, with a reference for the caller, not locked; else
    /// [Page#NONE].
    public long getCached(long entry) {
        SwapArea area = areas.getAcquire(SwapEntry.area(entry));
        return area == null ? Page.NONE : area.get(SwapEntry.offset(entry));
    }

    /// Whether a folio stands for the slot: what `mincore` asks.
    public boolean isCached(long entry) {
        long folio = getCached(entry);
        if (folio == Page.NONE) {
            return false;
        }
        machine.put(folio);
        return true;
    }

    /// The folio that stands for a slot, read into memory if there is none yet. If the contents can
    /// not be read it is not up to date. Memory may be reclaimed for it, and for its charge.
    ///
    /// @param vma where it is wanted: its policy and the group of its process count
    /// @return the folio with a reference for the caller, not locked; [Page#NONE] if memory is out,
    ///   or if no swap entry names the slot any more
    /// @kernel mm/swap_state.c: swap_cache_alloc_folio, swapin_folio
    public long readIn(long entry, Vma vma) {
        SwapArea area = areas.getAcquire(SwapEntry.area(entry));
        long page = area == null ? Page.NONE : machine.allocateFolio(vma);
        if (area == null || page == Page.NONE) {
            return Page.NONE; // without the area the entry is gone too
        }
        int slot = SwapEntry.offset(entry);
        if (!machine.memcgs().chargeSwapIn(page, area.memcg(slot), vma.mm().memcg())) {
            machine.put(page);
            return Page.NONE;
        }
        machine.folios().lockNew(page);
        long other = Page.NONE;
        SwapArea.CacheAdd added = area.add(slot, page);
        while (added == SwapArea.CacheAdd.EXISTS && other == Page.NONE) {
            other = area.get(slot);
            if (other == Page.NONE) {
                // Reclaim has frozen that folio and takes it out of the swap cache now.
                letOthersRun();
                added = area.add(slot, page);
            }
        }
        if (added == SwapArea.CacheAdd.ADDED) {
            int flags = FolioFlags.SWAPBACKED | FolioFlags.LRU;
            if (read(area, slot, page)) {
                flags |= FolioFlags.UPTODATE;
            }
            machine.folios().setFlag(page, flags);
            machine.vmStat().count(VmStat.Event.PSWPIN, 1);
        }
        machine.folios().unlock(page);
        if (added == SwapArea.CacheAdd.ADDED) {
            return page;
        }
        machine.put(page);
        return other;
    }

    @SuppressWarnings("ThreadPriorityCheck") // who froze the folio may want this processor
    private static void letOthersRun() {
        Thread.yield();
    }

    /// The one place where a failed read becomes an answer.
    private boolean read(SwapArea area, int slot, long page) {
        try {
            area.storage().read(slot, machine.ram().bytes(page));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /// Writes a folio of the swap cache to its slot. The folio is locked and mapped nowhere.
    ///
    /// @return false if the slot can not be written; the folio is dirty again then
    /// @kernel mm/page_io.c: swap_writeout
    public boolean write(long page) {
        FolioTable folios = machine.folios();
        assert folios.isLocked(page);
        long entry = folios.swapEntry(page);
        folios.clearFlag(page, FolioFlags.DIRTY);
        try {
            area(entry).storage().write(SwapEntry.offset(entry), machine.ram().bytes(page));
        } catch (IOException e) {
            folios.setFlag(page, FolioFlags.DIRTY); // stays in memory, the only copy
            return false;
        }
        machine.vmStat().count(VmStat.Event.PSWPOUT, 1);
        return true;
    }

    /// Takes a folio out of the swap cache if no swap entry needs it there. The folio is locked.
    ///
    /// @return whether it was taken out; it is dirty then, because nothing else has its contents
    /// @kernel mm/swapfile.c: folio_free_swap
    public boolean freeCache(long page) {
        FolioTable folios = machine.folios();
        assert folios.isLocked(page);
        if (!folios.hasFlag(page, FolioFlags.SWAPCACHE)
                || folios.hasFlag(page, FolioFlags.WRITEBACK)
                || entryCount(folios.swapEntry(page)) != 0) {
            return false;
        }
        folios.setFlag(page, FolioFlags.DIRTY);
        removeCached(page);
        machine.put(page);
        return true;
    }

    /// Takes a folio out of the swap cache when its last mapping went. Nothing happens if somebody
    /// has it locked: reclaim finds it later. The caller has a reference.
    ///
    /// @kernel mm/swap_state.c: free_swap_cache
    public void freeCacheIfUnmapped(long page) {
        FolioTable folios = machine.folios();
        if (folios.hasFlag(page, FolioFlags.SWAPCACHE)
                && folios.mapCount(page) == 0
                && folios.tryLock(page)) {
            boolean _ = freeCache(page);
            folios.unlock(page);
        }
    }

    /// Takes a folio out of the swap cache while swap entries still name its slot: its contents lie
    /// there. All its references are frozen, or the folio is locked and the caller drops one.
    public void removeCached(long page) {
        long entry = machine.folios().swapEntry(page);
        area(entry).remove(SwapEntry.offset(entry), page);
    }

    /// In the swap cache another folio takes the place of one in migration.
    public void replaceCached(long from, long to) {
        long entry = machine.folios().swapEntry(from);
        area(entry).replace(SwapEntry.offset(entry), from, to);
    }
}
