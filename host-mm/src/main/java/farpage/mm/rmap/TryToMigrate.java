package farpage.mm.rmap;

import farpage.mm.KernelDefect;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.hugememory.SplitPmd;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Replaces every mapping of a folio, in all processes, by migration entries.
///
/// @kernel mm/rmap.c: try_to_migrate
public final class TryToMigrate {
    private final Machine machine;
    private final FolioTable folios;
    private final boolean splitsPmd;

    public TryToMigrate(Machine machine) {
        this(machine, false);
    }

    /// @param splitsPmd whether a huge mapping becomes 512 migration entries, because the folio is
    ///   about to be split
    /// @kernel include/linux/rmap.h: TTU_SPLIT_HUGE_PMD
    public TryToMigrate(Machine machine, boolean splitsPmd) {
        this.machine = machine;
        this.folios = machine.folios();
        this.splitsPmd = splitsPmd;
    }

    /// The folio is locked and the caller holds a reference. Success is a map count of 0.
    ///
    /// @param page its head
    public void unmap(long page) {
        if (!folios.isLarge(page)) {
            RmapWalk.walk(machine, page, (vma, address) -> unmapAt(vma, address, page, 1));
            return;
        }
        RmapWalk.walk(
                machine,
                page,
                folios.pageCount(page),
                (vma, address, first, count) -> unmapAt(vma, address, page + first, count));
    }

    /// Once no mapping is left the other places are not looked at, and their mirrors not told.
    private void unmapAt(Vma vma, long address, long firstPage, int pageCount) {
        if (folios.mapCount(firstPage) == 0) {
            return;
        }
        long end = address + PageSize.pageAddress(pageCount);
        MmuNotifierRange range = MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, address, end);
        boolean started = vma.mm().notifiers().start(range);
        assert started;
        for (long at = address; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(at);
            if (leaf != null && leaf.lockIfAlive()) {
                unmapLocked(
                        vma.mm(), leaf, at, stop, firstPage + PageSize.pageNumber(at - address));
                leaf.unlock();
            }
            at = stop;
        }
        vma.mm().notifiers().end();
    }

    private void unmapLocked(Mm mm, PageTableLeaf leaf, long start, long end, long firstPage) {
        boolean whole = leaf.isHugeLocked();
        if (whole) {
            long word = leaf.pmdLocked();
            if (!maps(word, folios.head(firstPage))) {
                return;
            }
            if (!splitsPmd) {
                leaf.setPmdLocked(replaceHuge(word));
                RemoveRmap.entire(machine, PageTableEntry.page(word));
                machine.put(firstPage);
                return;
            }
            SplitPmd.splitFrozenLocked(machine, leaf);
        }
        long page = firstPage;
        int unmapped = 0;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE, page++) {
            int slot = PageTableLeaf.slot(at);
            long entry = leaf.entryLocked(slot);
            if (maps(entry, page)) {
                leaf.setEntryLocked(slot, replace(mm, entry));
                if (!whole) {
                    RemoveRmap.page(machine, page);
                }
                unmapped++;
            }
        }
        if (whole) {
            RemoveRmap.pages(machine, firstPage, unmapped);
        }
        if (unmapped > 0) {
            machine.put(firstPage, unmapped);
        }
    }

    private long replaceHuge(long word) {
        long page = PageTableEntry.page(word);
        boolean exclusive = folios.testAndClearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        if (isDirtyPresent(word)) {
            folios.setFlag(page, FolioFlags.DIRTY);
        }
        return hugeMigrationEntry(machine, word, exclusive);
    }

    /// Whether the entry is a counted mapping of the page: present, device-private or
    /// device-exclusive. The exclusive one becomes the read type, since no CPU could write.
    private static boolean maps(long entry, long page) {
        boolean mapping =
                PageTableEntry.isPresent(entry)
                        ? !PageTableEntry.isSpecial(entry)
                        : PageTableEntry.isDevicePrivate(entry)
                                || PageTableEntry.isDeviceExclusive(entry);
        return mapping && PageTableEntry.page(entry) == page;
    }

    /// Gives up the mapping's state to the page and returns the migration entry; for a broken page
    /// one that says so, and stays. The caller drops the mapping and its reference.
    private long replace(Mm mm, long entry) {
        long page = PageTableEntry.page(entry);
        boolean exclusive = folios.testAndClearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        if (isDirtyPresent(entry)) {
            folios.setFlag(page, FolioFlags.DIRTY);
        }
        if (machine.memoryFailure().isAny() && folios.hasFlag(page, FolioFlags.HWPOISON)) {
            mm.addRss(RssCounter.of(folios, page), -1);
            return PageTableEntry.ofHwPoison(page);
        }
        return migrationEntry(entry, exclusive);
    }

    /// Whether the page must be marked dirty when the entry goes.
    public static boolean isDirtyPresent(long entry) {
        return PageTableEntry.isPresent(entry) && PageTableEntry.isDirty(entry);
    }

    /// The migration entry for a huge mapping that is given up.
    ///
    /// @param exclusive whether the folio was exclusive, which it no longer is
    /// @kernel mm/huge_memory.c: set_pmd_migration_entry
    public static long hugeMigrationEntry(Machine machine, long word, boolean exclusive) {
        long entry = PageTableEntry.ofMigration(word, isHugeWritable(machine, word), exclusive);
        return isMisread(machine, word)
                ? PageTableEntry.withUffdWp(PageTableEntry.withSoftDirty(entry))
                : entry;
    }

    /// Whether a huge mapping counts as writable when it is given up.
    public static boolean isHugeWritable(Machine machine, long word) {
        return !isMisread(machine, word) && isWritable(word);
    }

    private static boolean isMisread(Machine machine, long word) {
        return !PageTableEntry.isPresent(word)
                && machine.has(KernelDefect.DEVICE_PMD_READ_AS_PRESENT);
    }

    private static boolean isWritable(long entry) {
        return PageTableEntry.isWritable(entry) || PageTableEntry.isWritableDevicePrivate(entry);
    }

    /// The migration entry for a mapping that is given up.
    ///
    /// @param exclusive whether the page was exclusive, which it no longer is
    public static long migrationEntry(long entry, boolean exclusive) {
        return PageTableEntry.ofMigration(entry, isWritable(entry), exclusive);
    }
}
