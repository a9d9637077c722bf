package farpage.mm;

import farpage.mm.file.OpenFile;
import farpage.mm.hugememory.SplitPmd;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;

/// Moves entries to other addresses of the same process, whatever they are: present, on a device,
/// in migration. Neither references nor counts change. Each entry becomes soft-dirty, because the
/// contents of the new address changed.
///
/// @kernel mm/mremap.c: move_page_tables, move_ptes
final class MovePageTables {
    private MovePageTables() {}

    /// Moves the entries of `[from, from + length)` of `source` to `to` and onwards in `target`.
    /// The mmap lock is held for writing.
    ///
    /// @param lockReverseMap whether the reverse map must not be walked meanwhile
    static void move(
            Vma source, long from, Vma target, long to, long length, boolean lockReverseMap) {
        if (length == 0) {
            return;
        }
        Mm mm = source.mm();
        PageTable pageTable = mm.pageTable();
        long end = from + length;
        boolean started =
                mm.notifiers().start(MmuNotifierRange.of(MmuNotifierRange.Event.UNMAP, from, end));
        assert started;
        long at = pageTable.nextMapped(from, end);
        while (at < end) {
            long newAt = to + (at - from);
            long oldStop = PageTable.leafEnd(at, end);
            long newStop = PageTable.leafEnd(newAt, newAt + (oldStop - at));
            int count = (int) PageSize.pageNumber(newStop - newAt);
            PageTableLeaf oldLeaf = pageTable.lookupLeaf(at);
            assert oldLeaf != null;
            PageTableLeaf newLeaf = pageTable.leafOrNew(newAt);
            boolean whole = count == PageSize.ENTRIES_PER_TABLE && newLeaf.isEmptyAcquire();
            if (!whole && oldLeaf.isHugeAcquire()) {
                SplitPmd.split(source, at);
            }
            if (lockReverseMap) {
                lockReverseMap(source);
            }
            if (whole) {
                moveTable(source, oldLeaf, newLeaf);
            } else {
                moveEntries(source, oldLeaf, PageTableLeaf.slot(at), newLeaf, newAt, count);
            }
            if (lockReverseMap) {
                unlockReverseMap(source);
            }
            at = pageTable.nextMapped(at + PageSize.pageAddress(count), end);
        }
        assert target.contains(to);
        mm.notifiers().end();
    }

    /// @kernel mm/mremap.c: take_rmap_locks
    private static void lockReverseMap(Vma vma) {
        OpenFile file = vma.file();
        if (file != null) {
            file.mapping().lockMappings();
        }
        AnonVma anonVma = vma.anonVma();
        if (anonVma != null) {
            anonVma.lock();
        }
    }

    private static void unlockReverseMap(Vma vma) {
        AnonVma anonVma = vma.anonVma();
        if (anonVma != null) {
            anonVma.unlock();
        }
        OpenFile file = vma.file();
        if (file != null) {
            file.mapping().unlockMappings();
        }
    }

    /// Moves a whole table, or a huge mapping with the table deposited for it, to a place where
    /// there is none. The entries of a table stay what they are, unless userfaultfd watches them; a
    /// huge mapping becomes soft-dirty, but for that of a device's folio.
    ///
    /// @kernel mm/mremap.c: move_normal_pmd; mm/huge_memory.c: move_huge_pmd
    private static void moveTable(Vma source, PageTableLeaf oldLeaf, PageTableLeaf newLeaf) {
        boolean watched = source.userfaultfd() != null;
        oldLeaf.lock();
        newLeaf.lockNested();
        if (oldLeaf.isHugeLocked()) {
            long word = oldLeaf.pmdLocked();
            oldLeaf.setPmdLocked(PageTableEntry.NONE);
            long moved =
                    PageTableEntry.isDevicePrivate(word)
                            ? word
                            : PageTableEntry.withSoftDirty(word);
            newLeaf.setPmdLocked(watched ? PageTableEntry.withoutUffdWp(moved) : moved);
        } else if (!oldLeaf.isEmptyLocked()) {
            newLeaf.makeTableLocked();
            for (int slot = 0; slot < PageSize.ENTRIES_PER_TABLE; slot++) {
                long entry = oldLeaf.entryLocked(slot);
                if (!PageTableEntry.isNone(entry)) {
                    oldLeaf.setEntryLocked(slot, PageTableEntry.NONE);
                    newLeaf.setEntryLocked(slot, watched ? movedWatched(entry) : entry);
                }
            }
            oldLeaf.clearTableLocked();
        }
        newLeaf.unlock();
        oldLeaf.unlock();
    }

    private static long movedWatched(long entry) {
        return PageTableEntry.withoutUffdWp(PageTableEntry.withSoftDirty(entry));
    }

    /// Both leaves are locked while entries move. Nobody else takes two leaves of this process,
    /// because the mmap lock is held for writing. Who watches stores at the old place does not
    /// watch the new one.
    private static void moveEntries(
            Vma source,
            PageTableLeaf oldLeaf,
            int oldSlot,
            PageTableLeaf newLeaf,
            long newAddress,
            int count) {
        boolean watched = source.userfaultfd() != null;
        int newSlot = PageTableLeaf.slot(newAddress);
        oldLeaf.lock();
        if (newLeaf != oldLeaf) {
            newLeaf.lockNested();
        }
        if (!oldLeaf.isEmptyLocked()) {
            newLeaf.makeTableLocked();
        }
        for (int i = 0; i < count; i++) {
            long entry = oldLeaf.entryLocked(oldSlot + i);
            if (!PageTableEntry.isNone(entry)) {
                assert PageTableEntry.isNone(newLeaf.entryLocked(newSlot + i));
                oldLeaf.setEntryLocked(oldSlot + i, PageTableEntry.NONE);
                long moved = PageTableEntry.withSoftDirty(entry);
                newLeaf.setEntryLocked(
                        newSlot + i, watched ? PageTableEntry.withoutUffdWp(moved) : moved);
            }
        }
        if (newLeaf != oldLeaf) {
            newLeaf.unlock();
        }
        oldLeaf.unlock();
    }
}
