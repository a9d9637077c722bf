package farpage.mm.rmap;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Turns the migration entries of a folio back into mappings: of the folio that the contents moved
/// to, or of the folio itself if they did not move.
///
/// @kernel mm/migrate.c: remove_migration_ptes
public final class RemoveMigrationEntries {
    private final Machine machine;
    private final FolioTable folios;
    private final boolean usesZeroPage;

    public RemoveMigrationEntries(Machine machine) {
        this(machine, false);
    }

    /// @param usesZeroPage whether pages that hold nothing but zeros give way to the zero page, as
    ///   when a folio was split that nobody may ever have used all of
    /// @kernel include/linux/rmap.h: RMP_USE_SHARED_ZEROPAGE
    public RemoveMigrationEntries(Machine machine, boolean usesZeroPage) {
        this.machine = machine;
        this.folios = machine.folios();
        this.usesZeroPage = usesZeroPage;
    }

    /// Both folios are locked and of the same size. `to` has the mapping and index by which the
    /// entries are found.
    public void restore(long from, long to) {
        if (!folios.isLarge(to)) {
            RmapWalk.walk(machine, to, (vma, address) -> restoreAt(vma, address, from, to, 1));
            return;
        }
        restore(from, to, folios.pageCount(to));
    }

    /// The same for pages in a row, which may have been split from one folio and are all locked.
    public void restore(long from, long to, int pageCount) {
        RmapWalk.walk(
                machine,
                to,
                pageCount,
                (vma, address, first, count) ->
                        restoreAt(vma, address, from + first, to + first, count));
    }

    private void restoreAt(Vma vma, long address, long from, long to, int pageCount) {
        long end = address + PageSize.pageAddress(pageCount);
        for (long at = address; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(at);
            if (leaf != null && leaf.lockIfAlive()) {
                long done = PageSize.pageNumber(at - address);
                restoreLocked(leaf, vma, at, stop, from + done, to + done);
                leaf.unlock();
            }
            at = stop;
        }
    }

    private void restoreLocked(
            PageTableLeaf leaf, Vma vma, long start, long end, long from, long to) {
        if (leaf.isHugeLocked()) {
            restorePmdLocked(leaf, vma, from, to);
            return;
        }
        long source = from;
        long page = to;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE, source++, page++) {
            int slot = PageTableLeaf.slot(at);
            long entry = leaf.entryLocked(slot);
            if (PageTableEntry.isMigration(entry) && PageTableEntry.page(entry) == source) {
                if (usesZeroPage && isUnused(vma, page)) {
                    leaf.setEntryLocked(slot, zeroPage(vma, entry));
                    vma.mm().addRss(RssCounter.ANON, -1);
                    continue;
                }
                folios.get(page);
                folios.addMapping(page);
                if (!PageTableEntry.isSharedMigration(entry) && folios.isAnonymous(page)) {
                    folios.setFlag(page, FolioFlags.ANON_EXCLUSIVE);
                }
                leaf.setEntryLocked(slot, mapped(page, vma, mappable(page, entry)));
            }
        }
    }

    /// A file's page on a device is never writable to a CPU, whatever the mapping was: the first
    /// store to it must be noticed.
    private long mappable(long page, long migrationEntry) {
        return Page.isDevicePrivate(page) && !folios.isAnonymous(page)
                ? PageTableEntry.asMigrationType(migrationEntry, PageTableEntry.TYPE_MIGRATION_READ)
                : migrationEntry;
    }

    /// @kernel mm/migrate.c: try_to_map_unused_to_zeropage
    private boolean isUnused(Vma vma, long page) {
        return !Page.isDevice(page)
                && (vma.flags() & VmFlags.LOCKED) == 0
                && !folios.isLarge(page)
                && folios.isAnonymous(page)
                && !folios.hasFlag(page, FolioFlags.HWPOISON)
                && machine.ram().bytes(page).mismatch(machine.ram().bytes(machine.zeroPage())) < 0;
    }

    private long zeroPage(Vma vma, long migrationEntry) {
        long zero = PageTableEntry.ofSpecial(machine.zeroPage());
        if (PageTableEntry.isSoftDirty(migrationEntry)) {
            zero = PageTableEntry.withSoftDirty(zero);
        }
        if (PageTableEntry.isUffdWp(migrationEntry)) {
            zero = PageTableEntry.withUffdWp(zero);
        }
        return vma.isAccessible() ? zero : PageTableEntry.withProtNone(zero, true);
    }

    /// @kernel mm/huge_memory.c: remove_migration_pmd
    private void restorePmdLocked(PageTableLeaf leaf, Vma vma, long from, long to) {
        long word = leaf.pmdLocked();
        if (!PageTableEntry.isMigration(word) || PageTableEntry.page(word) != from) {
            return;
        }
        assert folios.order(to) == PageSize.HPAGE_PMD_ORDER;
        folios.get(to);
        folios.addEntireMapping(to);
        if (!PageTableEntry.isSharedMigration(word)) {
            folios.setFlag(to, FolioFlags.ANON_EXCLUSIVE);
        }
        leaf.setPmdLocked(mappedHuge(to, vma, word));
    }

    /// Restores the one entry of a small folio that moved, gives the folio's state to the page
    /// where it is now, and unlocks that. Only for a page that can be mapped nowhere else, under
    /// the lock of its leaf.
    ///
    /// @param entry at the slot, a migration entry
    /// @param mapping by which the reverse map finds the page, and `index` in that
    /// @param moved the flags that move
    public void publishAtLocked(
            PageTableLeaf leaf,
            int slot,
            long entry,
            long to,
            Vma vma,
            AnonVma mapping,
            long index,
            int moved) {
        int flags = PageTableEntry.isSharedMigration(entry) ? 0 : FolioFlags.ANON_EXCLUSIVE;
        int listed = Page.isDevice(to) ? flags : flags | FolioFlags.LRU;
        folios.publishMoved(to, mapping, index, moved | listed);
        leaf.setEntryLocked(slot, mapped(to, vma, entry, (moved & FolioFlags.DIRTY) != 0));
    }

    /// The same for a large folio that has its state already, and that a huge migration entry
    /// stands for.
    ///
    /// @return false, and nothing changed, if that entry is gone or was cut
    public boolean publishPmdLocked(PageTableLeaf leaf, long from, long to, Vma vma) {
        long word = leaf.pmdLocked();
        if (!PageTableEntry.isMigration(word) || PageTableEntry.page(word) != from) {
            return false;
        }
        int flags = PageTableEntry.isSharedMigration(word) ? 0 : FolioFlags.ANON_EXCLUSIVE;
        leaf.setPmdLocked(mappedHuge(to, vma, word));
        folios.publishEntirelyMapped(to, Page.isDevice(to) ? flags : flags | FolioFlags.LRU);
        return true;
    }

    /// What is marked for userfaultfd is not writable, whatever the migration entry was.
    ///
    /// @kernel mm/huge_memory.c: remove_migration_pmd
    private long mappedHuge(long page, Vma vma, long migrationWord) {
        long word = migrationWord;
        if (PageTableEntry.isUffdWp(word) && PageTableEntry.isWritableMigration(word)) {
            word =
                    PageTableEntry.asMigrationType(
                            word, PageTableEntry.TYPE_MIGRATION_READ_EXCLUSIVE);
        }
        return mapped(page, vma, word);
    }

    private long mapped(long page, Vma vma, long migrationEntry) {
        return mapped(page, vma, migrationEntry, folios.hasFlag(page, FolioFlags.DIRTY));
    }

    private long mapped(long page, Vma vma, long migrationEntry, boolean dirty) {
        long migration =
                machine.migrationKeepsAccess()
                        ? migrationEntry
                        : PageTableEntry.withoutDirty(PageTableEntry.withoutYoung(migrationEntry));
        boolean writable = PageTableEntry.isWritableMigration(migration);
        if (Page.isDevicePrivate(page)) {
            return PageTableEntry.ofDevicePrivate(page, writable, migration);
        }
        boolean mapsWritable = writable || vma.mapsWritable();
        long entry = PageTableEntry.ofMigrated(page, migration, mapsWritable, dirty);
        return vma.isAccessible() ? entry : PageTableEntry.withProtNone(entry, true);
    }
}
