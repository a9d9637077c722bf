package farpage.mm.rmap;

import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Replaces every mapping of a page, in all processes, by a migration entry.
///
/// @kernel mm/rmap.c: try_to_migrate
public final class TryToMigrate {
    private final Machine machine;

    public TryToMigrate(Machine machine) {
        this.machine = machine;
    }

    /// The folio is locked and the caller holds a reference. Success is a map count of 0.
    public void unmap(long page) {
        RmapWalk.walk(machine, page, (vma, address) -> unmapAt(page, vma, address));
    }

    /// Once no mapping is left the other places are not looked at, and their mirrors not told.
    private void unmapAt(long page, Vma vma, long address) {
        if (machine.folios().mapCount(page) == 0) {
            return;
        }
        MmuNotifierRange range =
                MmuNotifierRange.of(
                        MmuNotifierRange.Event.CLEAR, address, address + PageSize.PAGE_SIZE);
        boolean started = vma.mm().notifiers().start(range);
        assert started;
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf != null && leaf.lockIfAlive()) {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            if (maps(entry, page)) {
                leaf.setEntryLocked(slot, replace(machine.folios(), entry));
                machine.folios().removeMapping(page);
                machine.put(page);
            }
            leaf.unlock();
        }
        vma.mm().notifiers().end();
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

    /// Gives up the mapping's state to the page and returns the migration entry. The caller drops
    /// the mapping and its reference.
    private static long replace(FolioTable folios, long entry) {
        long page = PageTableEntry.page(entry);
        boolean exclusive = folios.testAndClearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        if (isDirtyPresent(entry)) {
            folios.setFlag(page, FolioFlags.DIRTY);
        }
        return migrationEntry(entry, exclusive);
    }

    /// Whether the page must be marked dirty when the entry goes.
    public static boolean isDirtyPresent(long entry) {
        return PageTableEntry.isPresent(entry) && PageTableEntry.isDirty(entry);
    }

    /// The migration entry for a mapping that is given up.
    ///
    /// @param exclusive whether the page was exclusive, which it no longer is
    public static long migrationEntry(long entry, boolean exclusive) {
        boolean writable =
                PageTableEntry.isWritable(entry) || PageTableEntry.isWritableDevicePrivate(entry);
        return PageTableEntry.ofMigration(entry, writable, exclusive);
    }
}
