package farpage.mm.memory;

import farpage.mm.Page;
import farpage.mm.lock.HeldRanks;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.Stepping;
import farpage.mm.lock.YieldPoint;
import farpage.mm.rmap.ReverseMap;
import org.jspecify.annotations.Nullable;

/// The memmap: reference count, map count, flags, mapping and index of each page, system and
/// device, addressed by a [Page] word. It is a struct of arrays in sections that are made when a
/// page of theirs is first initialised.
///
/// Counts obey the kernel's rules: a page with no reference is free; each mapping holds one
/// reference; who isolates a folio from the LRU or collects it for migration holds one more.
///
/// A large folio has its counts, lock, flags, mapping and cgroup at its head; the other pages, its
/// tails, say in their flag word how far away that is. Any of its pages may be asked: every method
/// goes to the head by itself. Only [FolioFlags#PER_PAGE] and the mappings by single entries are
/// kept page by page. What else a large folio counts is kept in words of tails that nothing else
/// uses, so the smallest one has four pages.
///
/// Methods here change one word each. What happens when the last reference goes is decided by the
/// caller of [#putTestZero(long)].
///
/// @kernel include/linux/page_ref.h, page-flags.h, mm.h
public final class FolioTable extends FolioCounts {
    /// Answers of [#tryTakeExclusive].
    public static final int NOT_TAKEN = -1;

    public static final int TAKEN_ELSEWHERE = 0;
    public static final int TAKEN_THERE = 1;

    private final FolioWaitTable waitTable = new FolioWaitTable();

    /// @param systemPageCount PFNs from 0
    /// @param devicePageCountMax the most device PFNs that may ever exist
    public FolioTable(long systemPageCount, long devicePageCountMax) {
        super(systemPageCount, devicePageCountMax);
    }

    /// Makes free pages a folio with one reference and the given flags at its head.
    public void init(long page, int order, int flags) {
        FolioSection section = sectionOrNew(page);
        int slot = slot(page);
        assert (page & ((1L << order) - 1)) == 0 : Page.describe(page) + " begins no such folio";
        assert section.referencesAcquire(slot) == 0 : Page.describe(page) + " is in use";
        assert section.mappingsAcquire(slot) == 0 : Page.describe(page) + " is mapped";
        if (order > 0) {
            assert order >= LARGE_ORDER_MIN : order;
            section.fillFlags(slot + 1, slot + (1 << order), FolioFlags.ofTail(order));
        }
        section.begin(slot, flags | FolioFlags.ofOrder(order));
    }

    /// Makes free pages a folio with one reference that its allocator has locked.
    public void initLocked(long page, int order) {
        init(page, order, FolioFlags.LOCKED);
        assert HeldRanks.acquired(LockRank.FOLIO);
    }

    /// The same for base pages with consecutive numbers.
    ///
    /// @param data what the driver keeps for each of them, if they are a device's
    public void initLockedPages(long firstPage, int count, @Nullable Object data) {
        for (int done = 0; done < count; ) {
            FolioSection section = sectionOrNew(firstPage + done);
            int slot = slot(firstPage + done);
            int stop = Math.min(FolioSection.PAGES, slot + count - done);
            section.beginAll(slot, stop, FolioFlags.LOCKED, data);
            done += stop - slot;
        }
        for (int i = 0; i < count; i++) {
            assert HeldRanks.acquired(LockRank.FOLIO);
        }
    }

    /// Forgets what the pages of a folio were used for, before it is freed.
    ///
    /// @param page its head
    public void reset(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        assert section.referencesAcquire(slot) == 0 : Page.describe(page) + " is in use";
        int flags = section.flagsAcquire(slot);
        assert !FolioFlags.isTail(flags) : Page.describe(page) + " is a tail";
        int order = FolioFlags.order(flags);
        if (order > 0) {
            section.fillFlags(slot + 1, slot + (1 << order), 0);
        }
        section.setFlags(slot, 0);
        section.setPlace(slot, null, 0);
    }

    /// Cuts a large folio into smaller ones of one order. Its references are frozen, it is locked,
    /// nothing maps it, and nobody has pinned it. Each piece is locked as it is, has the flags, the
    /// cgroup and the mapping of the whole, and no reference yet; the marks of single pages stay.
    ///
    /// @param page the head
    /// @kernel mm/huge_memory.c: __split_folio_to_order
    public void split(long page, int newOrder) {
        FolioSection section = section(page);
        int slot = slot(page);
        int flags = section.flagsAcquire(slot);
        int order = FolioFlags.order(flags);
        assert newOrder < order;
        assert newOrder == 0 || newOrder >= LARGE_ORDER_MIN : newOrder;
        assert section.referencesAcquire(slot) == 0 : Page.describe(page) + " is not frozen";
        assert mapCount(page) == 0 : Page.describe(page) + " is mapped";
        int shared =
                flags & ~(FolioFlags.PER_PAGE | FolioFlags.PARTIALLY_MAPPED | FolioFlags.WAITERS);
        int pieceFlags = FolioFlags.withOrder(shared, newOrder);
        Object mapping = section.mapping(slot);
        for (int piece = slot; piece < slot + (1 << order); piece += 1 << newOrder) {
            int own = section.flagsAcquire(piece) & FolioFlags.PER_PAGE;
            for (int tail = piece + 1; tail < piece + (1 << newOrder); tail++) {
                int tailOwn = section.flagsAcquire(tail) & FolioFlags.PER_PAGE;
                section.setFlags(tail, FolioFlags.ofTail(newOrder) | tailOwn);
            }
            if (piece == slot) {
                // Whoever waits for the lock of the whole waits for that of its first piece.
                section.getAndClearFlags(piece, ~(pieceFlags | own | FolioFlags.WAITERS));
                section.getAndSetFlags(piece, pieceFlags);
            } else {
                section.setPlace(piece, mapping, section.index(slot) + (piece - slot));
                section.setMemcg(piece, section.memcg(slot));
                section.setFlags(piece, pieceFlags | own);
                assert HeldRanks.acquired(LockRank.FOLIO);
            }
        }
    }

    // Flags.

    /// The flags of the folio, with what is marked of the page itself.
    public int flags(long page) {
        FolioSection section = section(page);
        int own = section.flagsAcquire(slot(page));
        if (!FolioFlags.isTail(own)) {
            return own;
        }
        int head = section.flagsAcquire(headSlot(section, slot(page)));
        return head & ~FolioFlags.PER_PAGE | own & FolioFlags.PER_PAGE;
    }

    public boolean hasFlag(long page, int flag) {
        return (flags(page) & flag) != 0;
    }

    public void setFlag(long page, int flag) {
        FolioSection section = section(page);
        int slot = slot(page);
        int head = headSlot(section, slot);
        if (head == slot) {
            section.getAndSetFlags(slot, flag);
            return;
        }
        if ((flag & FolioFlags.PER_PAGE) != 0) {
            section.getAndSetFlags(slot, flag & FolioFlags.PER_PAGE);
        }
        if ((flag & ~FolioFlags.PER_PAGE) != 0) {
            section.getAndSetFlags(head, flag & ~FolioFlags.PER_PAGE);
        }
    }

    /// Sets a flag of the folio; true if it was set before.
    public boolean testAndSetFlag(long page, int flag) {
        assert (flag & FolioFlags.PER_PAGE) == 0;
        FolioSection section = section(page);
        return (section.getAndSetFlags(headSlot(section, slot(page)), flag) & flag) != 0;
    }

    public void clearFlag(long page, int flag) {
        boolean _ = testAndClearFlag(page, flag);
    }

    /// Clears a flag; true if it was set.
    public boolean testAndClearFlag(long page, int flag) {
        FolioSection section = section(page);
        int slot = slot(page);
        int head = headSlot(section, slot);
        if (head == slot) {
            return (section.getAndClearFlags(slot, flag) & flag) != 0;
        }
        int own = flag & FolioFlags.PER_PAGE;
        int shared = flag & ~FolioFlags.PER_PAGE;
        int before = own == 0 ? 0 : section.getAndClearFlags(slot, own) & own;
        before |= shared == 0 ? 0 : section.getAndClearFlags(head, shared) & shared;
        return before != 0;
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
        int moved = from.flagsAcquire(fromSlot) & FolioFlags.MIGRATED;
        to.adopt(toSlot, from.mapping(fromSlot), from.index(fromSlot), moved);
    }

    /// The flags of a page that travel with its contents.
    ///
    /// @kernel mm/migrate.c: folio_migrate_flags
    public int movingFlags(long page) {
        return flags(page) & FolioFlags.MIGRATED;
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
        FolioSection section = section(page);
        return section.mapping(headSlot(section, slot(page)));
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

    /// The place of the page in what its folio's mapping leads to.
    public long index(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        int head = headSlot(section, slot);
        return section.index(head) + (slot - head);
    }

    /// Index first, so that whoever sees the mapping sees the index.
    public void setMapping(long page, @Nullable Object mapping, long index) {
        FolioSection section = section(page);
        int slot = slot(page);
        int head = headSlot(section, slot);
        section.setPlace(head, mapping, index - (slot - head));
    }

    /// The swap entry of a folio in the swap cache. Changes under the folio lock.
    ///
    /// @kernel include/linux/mm_types.h: struct folio, swap
    public long swapEntry(long page) {
        assert hasFlag(page, FolioFlags.SWAPCACHE) : Page.describe(page);
        FolioSection section = section(page);
        return section.swapEntry(headSlot(section, slot(page)));
    }

    public void setSwapEntry(long page, long entry) {
        FolioSection section = section(page);
        section.setSwapEntry(headSlot(section, slot(page)), entry);
    }

    /// The number of the memory cgroup that the page is charged to; 0 for the root's.
    ///
    /// @kernel include/linux/mm_types.h: struct folio, memcg_data
    public int memcg(long page) {
        FolioSection section = section(page);
        return section.memcg(headSlot(section, slot(page)));
    }

    public void setMemcg(long page, int number) {
        FolioSection section = section(page);
        section.setMemcg(headSlot(section, slot(page)), number);
    }

    /// What the driver keeps for the folio.
    ///
    /// @kernel include/linux/memremap.h: folio_zone_device_data
    public @Nullable Object zoneDeviceData(long page) {
        assert Page.isDevice(page);
        FolioSection section = section(page);
        return section.zoneDeviceData(headSlot(section, slot(page)));
    }

    public void setZoneDeviceData(long page, @Nullable Object data) {
        assert Page.isDevice(page);
        FolioSection section = section(page);
        section.setZoneDeviceData(headSlot(section, slot(page)), data);
    }

    /// Reads what a migration is about to change, and nothing else.
    public long touch(long page) {
        FolioSection section = section(page);
        int slot = slot(page);
        return section.word(slot) ^ section.touchPlace(slot);
    }

    // The folio lock.

    public boolean isLocked(long page) {
        return hasFlag(page, FolioFlags.LOCKED);
    }

    public boolean tryLock(long page) {
        assert Stepping.point(YieldPoint.TRY_LOCK, LockRank.FOLIO);
        FolioSection section = section(page);
        int slot = headSlot(section, slot(page));
        boolean locked = (section.getAndSetFlags(slot, FolioFlags.LOCKED) & FolioFlags.LOCKED) == 0;
        if (locked) {
            assert HeldRanks.acquired(LockRank.FOLIO);
        }
        return locked;
    }

    /// Locks a small folio for a migration and gives up its exclusivity, in one step.
    ///
    /// @param setFlags are set if the lock was free
    /// @return the flags as they were, or -1 if the folio is locked
    public int tryLockTakingExclusive(long page, int setFlags) {
        assert Stepping.point(YieldPoint.TRY_LOCK, LockRank.FOLIO);
        int flags = section(page).tryLockTakingExclusive(slot(page), setFlags);
        assert flags < 0 || HeldRanks.acquired(LockRank.FOLIO);
        return flags;
    }

    /// Locks a small folio that one process maps, and nobody else holds, for a migration: takes it
    /// off the LRU, its exclusivity away and the mapping back, whose reference is the migration's
    /// from now on. All in one step.
    ///
    /// @param setFlags are set if that could be done
    /// @param mapping where the folio may be, and `index` in it
    /// @return [#NOT_TAKEN], and nothing changed, if the folio is not of that kind; else whether it
    ///   is there
    public int tryTakeExclusive(long page, int setFlags, @Nullable Object mapping, long index) {
        assert Stepping.point(YieldPoint.TRY_LOCK, LockRank.FOLIO);
        FolioSection section = section(page);
        int slot = slot(page);
        if (section.tryTakeExclusive(slot, setFlags) < 0) {
            return NOT_TAKEN;
        }
        assert HeldRanks.acquired(LockRank.FOLIO);
        return mapping != null && section.isAt(slot, mapping, index)
                ? TAKEN_THERE
                : TAKEN_ELSEWHERE;
    }

    /// Unlocks a small folio that is not mapped and gives it up, if nobody else holds it.
    ///
    /// @return the flags that travel with its contents; -1, and nothing changed, if somebody does
    ///   hold it; else the caller frees its frame
    public int tryUnlockAndFree(long page) {
        int flags = section(page).tryUnlockAndFree(slot(page));
        if (flags < 0) {
            return -1;
        }
        assert (flags & FolioFlags.LOCKED) != 0 : Page.describe(page) + " was not locked";
        assert HeldRanks.released(LockRank.FOLIO);
        if ((flags & FolioFlags.WAITERS) != 0) {
            waitTable.wakeAll(page);
        }
        assert Stepping.point(YieldPoint.UNLOCK, LockRank.FOLIO);
        return flags & FolioFlags.MIGRATED;
    }

    /// Whether a small folio has one reference and no more.
    public boolean hasOneReference(long page) {
        return section(page).hasOneReference(slot(page));
    }

    /// Whether a small folio has this place.
    public boolean isAt(long page, Object mapping, long index) {
        return section(page).isAt(slot(page), mapping, index);
    }

    /// Gives a small folio that its migration has locked, and that nobody can find yet, the place
    /// of the source, its first mapping, and unlocks it: the reference of its allocation is from
    /// now on the mapping's. The caller holds the leaf's lock and installs the entry before it
    /// drops that.
    ///
    /// There may be waiters all the same: who read a migration entry waits without a reference, and
    /// meanwhile the page may have been freed and allocated again.
    ///
    /// @param mapping of the source, and `index` in it
    /// @param setFlags are set with it, those of the source among them
    public void publishMoved(long page, Object mapping, long index, int setFlags) {
        FolioSection section = section(page);
        int slot = slot(page);
        assert section.mappingsAcquire(slot) == 0 : Page.describe(page) + " is mapped";
        assert HeldRanks.released(LockRank.FOLIO);
        int before = section.publish(slot, mapping, index, setFlags);
        assert (before & FolioFlags.LOCKED) != 0 : Page.describe(page) + " was not locked";
        if ((before & FolioFlags.WAITERS) != 0) {
            waitTable.wakeAll(page);
        }
    }

    /// As [#publishMoved(long, Object, long, int)] for a large folio that has its state already,
    /// and that one PMD entry is about to map.
    public void publishEntirelyMapped(long page, int setFlags) {
        assert mapCount(page) == 0 : Page.describe(page) + " is mapped";
        addEntireMapping(page);
        setFlag(page, setFlags);
        unlock(page);
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
        long head = head(page);
        int before =
                section(head).getAndClearFlags(slot(head), FolioFlags.LOCKED | FolioFlags.WAITERS);
        assert (before & FolioFlags.LOCKED) != 0 : Page.describe(page) + " is not locked";
        if ((before & FolioFlags.WAITERS) != 0) {
            waitTable.wakeAll(head);
        }
        assert Stepping.point(YieldPoint.UNLOCK, LockRank.FOLIO);
    }

    /// Sleeps until the folio is unlocked once; returns at once if it is not locked. Somebody may
    /// have locked it again. The caller need not hold a reference: the memmap never goes away.
    ///
    /// @kernel mm/filemap.c: softleaf_entry_wait_on_locked
    public void waitUnlocked(long page) {
        assert HeldRanks.waitFor(LockRank.FOLIO);
        waitTable.await(head(page), this);
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
