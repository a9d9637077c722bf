package farpage.mm.memory;

import farpage.mm.Page;
import farpage.mm.lock.HeldRanks;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.Stepping;
import farpage.mm.lock.YieldPoint;
import farpage.mm.rmap.ReverseMap;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// The memmap: reference count, map count, flags, mapping and index of each page, system and
/// device, addressed by a [Page] word. It is a struct of arrays in sections that are made when a
/// page of theirs is first initialised.
///
/// Counts obey the kernel's rules: a page with no reference is free; each mapping holds one
/// reference; who isolates a folio from the LRU or collects it for migration holds one more.
///
/// Methods here change one word each. What happens when the last reference goes is decided by the
/// caller of [#putTestZero(long)].
///
/// @kernel include/linux/page_ref.h, page-flags.h, mm.h
public final class FolioTable {
    /// How much one pin adds to the reference count of a small folio.
    ///
    /// @kernel include/linux/mm.h: GUP_PIN_COUNTING_BIAS
    public static final int PIN_BIAS = 1024;

    private final AtomicReferenceArray<@Nullable FolioSection> systemSections;
    private final AtomicReferenceArray<@Nullable FolioSection> deviceSections;
    private final FolioWaitTable waitTable = new FolioWaitTable();

    /// @param systemPageCount PFNs from 0
    /// @param devicePageCountMax the most device PFNs that may ever exist
    public FolioTable(long systemPageCount, long devicePageCountMax) {
        systemSections = new AtomicReferenceArray<>(sectionCount(systemPageCount));
        deviceSections = new AtomicReferenceArray<>(sectionCount(devicePageCountMax));
    }

    private static int sectionCount(long pageCount) {
        return Math.toIntExact((pageCount + FolioSection.PAGES - 1) >> FolioSection.SHIFT);
    }

    private static int slot(long page) {
        return (int) page & (FolioSection.PAGES - 1);
    }

    private FolioSection section(long page) {
        FolioSection section =
                Page.isDevice(page)
                        ? deviceSections.getAcquire(
                                (int) (Page.devicePfn(page) >> FolioSection.SHIFT))
                        : systemSections.getAcquire((int) (page >> FolioSection.SHIFT));
        assert section != null : Page.describe(page) + " was never initialised";
        return section;
    }

    private FolioSection sectionOrNew(long page) {
        boolean device = Page.isDevice(page);
        AtomicReferenceArray<@Nullable FolioSection> sections =
                device ? deviceSections : systemSections;
        int number = (int) ((device ? Page.devicePfn(page) : page) >> FolioSection.SHIFT);
        FolioSection section = sections.getAcquire(number);
        if (section == null) {
            FolioSection fresh = new FolioSection();
            section = sections.compareAndExchange(number, null, fresh);
            if (section == null) {
                section = fresh;
            }
        }
        return section;
    }

    /// Whether the page was ever initialised; the others have no state to ask for.
    public boolean isKnown(long page) {
        return Page.isDevice(page)
                ? deviceSections.getAcquire((int) (Page.devicePfn(page) >> FolioSection.SHIFT))
                        != null
                : systemSections.getAcquire((int) (page >> FolioSection.SHIFT)) != null;
    }

    /// Makes a free page the head of a folio with one reference and the given flags.
    public void init(long page, int order, int flags) {
        FolioSection section = sectionOrNew(page);
        int slot = slot(page);
        assert section.referencesAcquire(slot) == 0 : Page.describe(page) + " is in use";
        assert section.mappingsAcquire(slot) == 0 : Page.describe(page) + " is mapped";
        section.setMappingRelease(slot, null);
        section.setIndex(slot, 0);
        section.setFlagsRelease(slot, flags | FolioFlags.ofOrder(order));
        section.setReferencesRelease(slot, 1);
    }

    /// Makes a free page the head of a folio with one reference that its allocator has locked.
    public void initLocked(long page, int order) {
        init(page, order, FolioFlags.LOCKED);
        assert HeldRanks.acquired(LockRank.FOLIO);
    }

    /// Forgets what a page was used for, before it is freed.
    public void reset(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        assert section.referencesAcquire(slot) == 0 : Page.describe(page) + " is in use";
        section.setFlagsRelease(slot, 0);
        section.setMappingRelease(slot, null);
    }

    public int order(long page) {
        return FolioFlags.order(section(page).flagsAcquire(slot(page)));
    }

    // References.

    public int refCount(long page) {
        return section(page).referencesAcquire(slot(page));
    }

    public void get(long page) {
        int before = section(page).getAndAddReferences(slot(page), 1);
        assert before > 0 : "get on a free page, " + Page.describe(page);
    }

    /// Takes a reference unless the page is free.
    public boolean tryGet(long page) {
        if (!isKnown(page)) {
            return false;
        }
        FolioSection section = section(page);
        int slot = slot(page);
        int count = section.referencesAcquire(slot);
        while (count > 0) {
            if (section.casReferences(slot, count, count + 1)) {
                return true;
            }
            count = section.referencesAcquire(slot);
        }
        return false;
    }

    /// Drops a reference; true if it was the last, and the caller must free the folio.
    public boolean putTestZero(long page) {
        int before = section(page).getAndAddReferences(slot(page), -1);
        assert before > 0 : "put on a free page, " + Page.describe(page);
        return before == 1;
    }

    /// Takes all references away for a moment, if there are as many as expected: nobody can take
    /// one until they are given back.
    ///
    /// @return false, and nothing changed, for another number of references
    /// @kernel include/linux/page_ref.h: folio_ref_freeze
    public boolean freezeReferences(long page, int expected) {
        return section(page).casReferences(slot(page), expected, 0);
    }

    /// Gives a frozen page its references back.
    ///
    /// @kernel include/linux/page_ref.h: folio_ref_unfreeze
    public void unfreezeReferences(long page, int count) {
        assert refCount(page) == 0 : Page.describe(page) + " is not frozen";
        section(page).setReferencesRelease(slot(page), count);
    }

    // Pins.

    /// Takes a pin: a reference that says that the bytes may be read or written at any time, by
    /// somebody who does not go through the page tables. A small folio counts its pins in the
    /// reference count, in steps of [#PIN_BIAS].
    ///
    /// @kernel mm/gup.c: try_grab_folio
    public void pin(long page) {
        assert !Page.isDevice(page) || order(page) == 0;
        int before = section(page).getAndAddReferences(slot(page), PIN_BIAS);
        assert before > 0 : "pin on a free page, " + Page.describe(page);
    }

    /// Drops a pin; true if it was the last reference, and the caller must free the folio.
    ///
    /// @kernel mm/gup.c: gup_put_folio
    public boolean unpinTestZero(long page) {
        int before = section(page).getAndAddReferences(slot(page), -PIN_BIAS);
        assert before >= PIN_BIAS : "unpin of a page that is not pinned, " + Page.describe(page);
        return before == PIN_BIAS;
    }

    /// Whether somebody may have pinned the page: never a false no, and yes by mistake only for a
    /// page with very many references.
    ///
    /// @kernel include/linux/mm.h: folio_maybe_dma_pinned
    public boolean isMaybePinned(long page) {
        return refCount(page) >= PIN_BIAS;
    }

    // Mappings.

    public int mapCount(long page) {
        return section(page).mappingsAcquire(slot(page));
    }

    public void addMapping(long page) {
        int before = section(page).getAndAddMappings(slot(page), 1);
        assert before >= 0 : Page.describe(page);
    }

    public void removeMapping(long page) {
        int before = section(page).getAndAddMappings(slot(page), -1);
        assert before > 0 : "unmapped too often, " + Page.describe(page);
    }

    // Flags.

    public int flags(long page) {
        return section(page).flagsAcquire(slot(page));
    }

    public boolean hasFlag(long page, int flag) {
        return (flags(page) & flag) != 0;
    }

    public void setFlag(long page, int flag) {
        section(page).getAndSetFlags(slot(page), flag);
    }

    public void clearFlag(long page, int flag) {
        section(page).getAndClearFlags(slot(page), flag);
    }

    /// Clears a flag; true if it was set.
    public boolean testAndClearFlag(long page, int flag) {
        return (section(page).getAndClearFlags(slot(page), flag) & flag) != 0;
    }

    /// Copies to the destination of a migration what travels with the contents: mapping, index and
    /// flags. Both folios are locked, and nobody else can find the destination yet; only a thread
    /// that found the page in its former life may announce itself as a waiter.
    ///
    /// @kernel mm/migrate.c: folio_migrate_mapping, folio_migrate_flags
    public void migrateState(long fromPage, long toPage) {
        FolioSection from = section(fromPage);
        int fromSlot = slot(fromPage);
        FolioSection to = section(toPage);
        int toSlot = slot(toPage);
        to.setIndex(toSlot, from.index(fromSlot));
        to.setMappingRelease(toSlot, from.mappingAcquire(fromSlot));
        int moved = from.flagsAcquire(fromSlot) & FolioFlags.MIGRATED;
        to.getAndSetFlags(toSlot, moved);
    }

    /// Marks a page as broken, be it in use or not.
    ///
    /// @return whether it was marked before
    /// @kernel include/linux/page-flags.h: TestSetPageHWPoison
    public boolean markPoisoned(long page) {
        int before = sectionOrNew(page).getAndSetFlags(slot(page), FolioFlags.HWPOISON);
        return (before & FolioFlags.HWPOISON) != 0;
    }

    // Mapping and index.

    public @Nullable Object mapping(long page) {
        return section(page).mappingAcquire(slot(page));
    }

    /// Whether the page belongs to processes, and not to a file or a driver. A merged page does,
    /// also while it has no node.
    ///
    /// @kernel include/linux/page-flags.h: folio_test_anon
    public boolean isAnonymous(long page) {
        return mapping(page) instanceof ReverseMap reverseMap
                ? reverseMap.isAnonymous()
                : hasFlag(page, FolioFlags.KSM);
    }

    public long index(long page) {
        return section(page).index(slot(page));
    }

    /// Index first, so that whoever sees the mapping sees the index.
    public void setMapping(long page, @Nullable Object mapping, long index) {
        FolioSection section = section(page);
        section.setIndex(slot(page), index);
        section.setMappingRelease(slot(page), mapping);
    }

    /// The swap entry of a folio in the swap cache. Changes under the folio lock.
    ///
    /// @kernel include/linux/mm_types.h: struct folio, swap
    public long swapEntry(long page) {
        assert hasFlag(page, FolioFlags.SWAPCACHE) : Page.describe(page);
        return section(page).swapEntry(slot(page));
    }

    public void setSwapEntry(long page, long entry) {
        section(page).setSwapEntry(slot(page), entry);
    }

    /// The number of the memory cgroup that the page is charged to; 0 for the root's.
    ///
    /// @kernel include/linux/mm_types.h: struct folio, memcg_data
    public int memcg(long page) {
        return section(page).memcg(slot(page));
    }

    public void setMemcg(long page, int number) {
        section(page).setMemcg(slot(page), number);
    }

    public @Nullable Object zoneDeviceData(long page) {
        assert Page.isDevice(page);
        return section(page).zoneDeviceData(slot(page));
    }

    public void setZoneDeviceData(long page, @Nullable Object data) {
        assert Page.isDevice(page);
        section(page).setZoneDeviceData(slot(page), data);
    }

    // The folio lock.

    public boolean isLocked(long page) {
        return hasFlag(page, FolioFlags.LOCKED);
    }

    public boolean tryLock(long page) {
        assert Stepping.point(YieldPoint.TRY_LOCK, LockRank.FOLIO);
        boolean locked =
                (section(page).getAndSetFlags(slot(page), FolioFlags.LOCKED) & FolioFlags.LOCKED)
                        == 0;
        if (locked) {
            assert HeldRanks.acquired(LockRank.FOLIO);
        }
        return locked;
    }

    /// Locks the folio for a migration and gives up its exclusivity, in one step.
    ///
    /// @param setFlags are set if the lock was free
    /// @return the flags as they were, or -1 if the folio is locked
    public int tryLockTakingExclusive(long page, int setFlags) {
        assert Stepping.point(YieldPoint.TRY_LOCK, LockRank.FOLIO);
        FolioSection section = section(page);
        int slot = slot(page);
        int flags;
        do {
            flags = section.flagsAcquire(slot);
            if ((flags & FolioFlags.LOCKED) != 0) {
                return -1;
            }
        } while (!section.casFlags(
                slot, flags, (flags | FolioFlags.LOCKED | setFlags) & ~FolioFlags.ANON_EXCLUSIVE));
        assert HeldRanks.acquired(LockRank.FOLIO);
        return flags;
    }

    /// Gives a folio that its migration has locked and that nobody can find yet its first mapping,
    /// and unlocks it: the reference of its allocation is from now on the mapping's. The caller
    /// holds the leaf's lock and installs the entry before it drops that.
    ///
    /// There may be waiters all the same: who read a migration entry waits without a reference, and
    /// meanwhile the page may have been freed and allocated again.
    ///
    /// @param setFlags are set with it
    public void publishMapped(long page, int setFlags) {
        FolioSection section = section(page);
        int slot = slot(page);
        assert section.mappingsAcquire(slot) == 0 : Page.describe(page) + " is mapped";
        assert HeldRanks.released(LockRank.FOLIO);
        section.setMappingsRelease(slot, 1);
        int flags;
        do {
            flags = section.flagsAcquire(slot);
            assert (flags & FolioFlags.LOCKED) != 0 : Page.describe(page) + " is not locked";
        } while (!section.casFlags(
                slot, flags, (flags | setFlags) & ~(FolioFlags.LOCKED | FolioFlags.WAITERS)));
        if ((flags & FolioFlags.WAITERS) != 0) {
            waitTable.wakeAll(page);
        }
    }

    /// Locks a folio that nobody else can have locked, because it was just allocated.
    public void lockNew(long page) {
        boolean locked = tryLock(page);
        assert locked : Page.describe(page) + " is new and yet locked";
    }

    /// Waits for the folio lock.
    public void lock(long page) {
        assert HeldRanks.waitFor(LockRank.FOLIO);
        while (!tryLock(page)) {
            waitUnlocked(page);
        }
    }

    public void unlock(long page) {
        assert HeldRanks.released(LockRank.FOLIO);
        int before =
                section(page).getAndClearFlags(slot(page), FolioFlags.LOCKED | FolioFlags.WAITERS);
        assert (before & FolioFlags.LOCKED) != 0 : Page.describe(page) + " is not locked";
        if ((before & FolioFlags.WAITERS) != 0) {
            waitTable.wakeAll(page);
        }
        assert Stepping.point(YieldPoint.UNLOCK, LockRank.FOLIO);
    }

    /// Sleeps until the folio is unlocked once; returns at once if it is not locked. Somebody may
    /// have locked it again. The caller need not hold a reference: the memmap never goes away.
    ///
    /// @kernel mm/filemap.c: softleaf_entry_wait_on_locked
    public void waitUnlocked(long page) {
        assert HeldRanks.waitFor(LockRank.FOLIO);
        waitTable.await(page, this);
    }

    /// Announces a waiter; false if the lock is free and there is nothing to wait for.
    boolean announceWaiter(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        int flags;
        do {
            flags = section.flagsAcquire(slot);
            if ((flags & FolioFlags.LOCKED) == 0) {
                return false;
            }
        } while (!section.casFlags(slot, flags, flags | FolioFlags.WAITERS));
        return true;
    }
}
