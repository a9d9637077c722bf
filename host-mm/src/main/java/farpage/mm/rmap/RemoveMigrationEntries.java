package farpage.mm.rmap;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Turns the migration entries of a page back into mappings: of the page that the contents moved
/// to, or of the page itself if they did not move.
///
/// @kernel mm/migrate.c: remove_migration_ptes
public final class RemoveMigrationEntries {
    private final Machine machine;

    public RemoveMigrationEntries(Machine machine) {
        this.machine = machine;
    }

    /// Both folios are locked. `to` has the mapping and index by which the entries are found.
    public void restore(long from, long to) {
        RmapWalk.walk(machine, to, (vma, address) -> restoreAt(from, to, vma, address));
    }

    private void restoreAt(long from, long to, Vma vma, long address) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null || !leaf.lockIfAlive()) {
            return;
        }
        int slot = PageTableLeaf.slot(address);
        long entry = leaf.entryLocked(slot);
        if (PageTableEntry.isMigration(entry) && PageTableEntry.page(entry) == from) {
            FolioTable folios = machine.folios();
            folios.get(to);
            folios.addMapping(to);
            if (!PageTableEntry.isSharedMigration(entry) && folios.isAnonymous(to)) {
                folios.setFlag(to, FolioFlags.ANON_EXCLUSIVE);
            }
            leaf.setEntryLocked(slot, mapped(folios, to, vma, entry));
        }
        leaf.unlock();
    }

    /// Restores the one entry of a page that moved, if it is still a migration entry, and unlocks
    /// the page where it is now. Only for a page that can be mapped nowhere else, under the locks
    /// of its leaf and its `AnonVma`.
    ///
    /// @return false, and nothing changed, if the entry is gone: the page is not mapped any more
    public boolean publishAtLocked(PageTableLeaf leaf, int slot, long from, long to, Vma vma) {
        long entry = leaf.entryLocked(slot);
        if (!PageTableEntry.isMigration(entry) || PageTableEntry.page(entry) != from) {
            return false;
        }
        FolioTable folios = machine.folios();
        int flags = PageTableEntry.isSharedMigration(entry) ? 0 : FolioFlags.ANON_EXCLUSIVE;
        leaf.setEntryLocked(slot, mapped(folios, to, vma, entry));
        folios.publishMapped(to, Page.isDevice(to) ? flags : flags | FolioFlags.LRU);
        return true;
    }

    private long mapped(FolioTable folios, long page, Vma vma, long migrationEntry) {
        long migration =
                machine.migrationKeepsAccess()
                        ? migrationEntry
                        : PageTableEntry.withoutDirty(PageTableEntry.withoutYoung(migrationEntry));
        boolean writable = PageTableEntry.isWritableMigration(migration);
        if (Page.isDevicePrivate(page)) {
            return PageTableEntry.ofDevicePrivate(page, writable, migration);
        }
        boolean dirty = folios.hasFlag(page, FolioFlags.DIRTY);
        boolean mapsWritable = writable || vma.mapsWritable();
        long entry = PageTableEntry.ofMigrated(page, migration, mapsWritable, dirty);
        return vma.isAccessible() ? entry : PageTableEntry.withProtNone(entry, true);
    }
}
