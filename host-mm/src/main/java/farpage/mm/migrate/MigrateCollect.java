package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.TryToMigrate;
import org.jspecify.annotations.Nullable;

/// The first half of *setup*: finds the pages of a range, locks those that it can, and puts
/// migration entries in their place. It never waits for a folio: two migrations that want each
/// other's pages would wait for ever.
///
/// @kernel mm/migrate_device.c: migrate_vma_collect
final class MigrateCollect {
    private final Machine machine;
    private final FolioTable folios;
    private final Vma vma;
    private final MigrateSelect select;
    private final @Nullable Object owner;
    private final long faultPage;
    private final long[] src;

    MigrateCollect(
            Vma vma, MigrateSelect select, @Nullable Object owner, long faultPage, long[] src) {
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.vma = vma;
        this.select = select;
        this.owner = owner;
        this.faultPage = faultPage;
        this.src = src;
    }

    /// Fills `src` for the pages of `[start, end)`.
    ///
    /// @return the entries that are to migrate
    int collect(long start, long end) {
        boolean started = vma.mm().notifiers().start(MmuNotifierRange.migrate(start, end, owner));
        assert started;
        int collected = 0;
        for (long at = start; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(at);
            int first = (int) PageSize.pageNumber(at - start);
            int count = (int) PageSize.pageNumber(stop - at);
            collected += leaf == null ? hole(first, count) : leaf(leaf, at, first, count);
            at = stop;
        }
        vma.mm().notifiers().end();
        return collected;
    }

    /// Nothing was ever mapped there.
    private int hole(int first, int count) {
        long word = holeWord();
        for (int page = first; page < first + count; page++) {
            src[page] = word;
        }
        return word == MigratePfn.SKIP ? 0 : count;
    }

    private long holeWord() {
        return vma.isAnonymous() ? MigratePfn.ofHole() : MigratePfn.SKIP;
    }

    private int leaf(PageTableLeaf leaf, long address, int first, int count) {
        int collected = 0;
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        for (int page = first; page < first + count; page++, slot++) {
            long word = entry(leaf, slot);
            src[page] = word;
            if (MigratePfn.isMigrating(word)) {
                collected++;
            }
        }
        leaf.unlock();
        return collected;
    }

    /// The word for one entry; where it has a page, the page is taken.
    private long entry(PageTableLeaf leaf, int slot) {
        long entry = leaf.entryLocked(slot);
        if (PageTableEntry.isNone(entry)) {
            return holeWord();
        }
        if (PageTableEntry.isSpecial(entry)) {
            boolean zeroPage = machine.isZeroPage(PageTableEntry.page(entry));
            return zeroPage && select == MigrateSelect.SYSTEM
                    ? MigratePfn.ofHole()
                    : MigratePfn.SKIP;
        }
        if (!isSelected(entry)) {
            return MigratePfn.SKIP;
        }
        return take(leaf, slot, entry);
    }

    private boolean isSelected(long entry) {
        if (!PageTableEntry.isPresent(entry)) {
            return select == MigrateSelect.DEVICE_PRIVATE
                    && PageTableEntry.isDevicePrivate(entry)
                    && machine.pagemap(PageTableEntry.page(entry)).isOwnedBy(owner);
        }
        long page = PageTableEntry.page(entry);
        if (!Page.isDevice(page)) {
            return select == MigrateSelect.SYSTEM;
        }
        return select == MigrateSelect.DEVICE_COHERENT && machine.pagemap(page).isOwnedBy(owner);
    }

    /// Takes the folio lock and gives the mapping up for a migration entry; the reference that the
    /// mapping held is the collector's from now on.
    private long take(PageTableLeaf leaf, int slot, long entry) {
        long page = PageTableEntry.page(entry);
        assert folios.order(page) == 0 : "a large folio mapped by base entries";
        if (folios.mapping(page) == null) {
            return MigratePfn.SKIP;
        }
        if (folios.isMaybePinned(page) && folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE)) {
            return MigratePfn.SKIP; // whoever pinned it relies on its staying the process's own
        }
        int flags;
        if (page == faultPage) {
            flags = folios.flags(page);
            folios.clearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        } else {
            int dirty = TryToMigrate.isDirtyPresent(entry) ? FolioFlags.DIRTY : 0;
            flags = folios.tryLockTakingExclusive(page, dirty);
            if (flags < 0) {
                return MigratePfn.SKIP;
            }
        }
        boolean exclusive = (flags & FolioFlags.ANON_EXCLUSIVE) != 0;
        leaf.setEntryLocked(slot, TryToMigrate.migrationEntry(entry, exclusive));
        folios.removeMapping(page);
        boolean writable =
                PageTableEntry.isWritable(entry) || PageTableEntry.isWritableDevicePrivate(entry);
        return MigratePfn.ofSource(page, writable);
    }
}
