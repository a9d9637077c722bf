package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.TryToMigrate;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The first half of *setup*: finds the pages of a range, locks those that it can, and puts
/// migration entries in their place. It never waits for a folio: two migrations that want each
/// other's pages would wait for ever.
///
/// A large folio is taken whole where the driver can use one of its order and the range has all of
/// it; else it is cut first.
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
    private final CollectLarge large;
    private final FolioOrders orders;

    private int collected;

    MigrateCollect(
            Vma vma,
            MigrateSelect select,
            @Nullable Object owner,
            long faultPage,
            FolioOrders orders,
            long[] src) {
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.vma = vma;
        this.select = select;
        this.owner = owner;
        this.faultPage = faultPage;
        this.orders = orders;
        this.src = src;
        this.large = new CollectLarge(machine, faultPage, orders);
    }

    /// Fills `src` for the pages of `[start, end)`.
    ///
    /// @return the entries that are to migrate
    int collect(long start, long end) {
        boolean started = vma.mm().notifiers().start(MmuNotifierRange.migrate(start, end, owner));
        assert started;
        collected = 0;
        for (long at = start; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(at);
            int first = (int) PageSize.pageNumber(at - start);
            int count = (int) PageSize.pageNumber(stop - at);
            if (leaf == null || leaf.isEmptyAcquire()) {
                hole(at, first, count);
            } else {
                leaf(leaf, at, first, count);
            }
            at = stop;
        }
        vma.mm().notifiers().end();
        return collected;
    }

    /// Nothing is mapped there.
    private void hole(long address, int first, int count) {
        if (!vma.isAnonymous()) {
            Arrays.fill(src, first, first + count, MigratePfn.SKIP);
            return;
        }
        int slot = PageTableLeaf.slot(address);
        for (int done = 0; done < count; ) {
            int order = orders.highestFitting(slot + done, count - done);
            storeHole(first + done, order);
            done += 1 << order;
        }
    }

    /// One entry to fill, and nothing to do for the pages after the first.
    private void storeHole(int page, int order) {
        store(page, order, MigratePfn.ofHole(order));
    }

    private void store(int page, int order, long word) {
        src[page] = word;
        if (order > 0) {
            Arrays.fill(src, page + 1, page + (1 << order), MigratePfn.SKIP);
        }
        if (MigratePfn.isMigrating(word)) {
            collected++;
        }
    }

    private void leaf(PageTableLeaf leaf, long address, int first, int count) {
        leaf.lock();
        int done = 0;
        while (done < count) {
            if (leaf.isHugeLocked()) {
                done = huge(leaf, address, first, count);
                continue;
            }
            int slot = PageTableLeaf.slot(address) + done;
            long entry = leaf.entryLocked(slot);
            long page = selected(entry);
            if (page == Page.NONE) {
                done += vacant(leaf, entry, slot, first + done, count - done);
            } else if (!folios.isLarge(page)) {
                store(first + done, 0, take(leaf, slot, entry));
                done++;
            } else {
                int run = large.tryTakeRun(leaf, slot, count - done, src, first + done);
                if (run > 0) {
                    collected += MigratePfn.isMigrating(src[first + done]) ? 1 : 0;
                    done += run;
                } else if (!large.split(leaf, page)) {
                    Arrays.fill(src, first + done, first + count, MigratePfn.SKIP);
                    done = count;
                }
            }
        }
        leaf.unlock();
    }

    /// A leaf that one entry maps.
    ///
    /// @return the pages done; 0 if the mapping or its folio was cut, and the leaf is to be looked
    ///   at again
    private int huge(PageTableLeaf leaf, long address, int first, int count) {
        long word = leaf.pmdLocked();
        if (PageTableEntry.isSpecial(word)) {
            if (isFillable(word)) {
                hole(address, first, count);
            } else {
                Arrays.fill(src, first, first + count, MigratePfn.SKIP);
            }
            return count;
        }
        long page = selected(word);
        if (page != Page.NONE) {
            if (count == PageSize.ENTRIES_PER_TABLE && orders.contains(PageSize.HPAGE_PMD_ORDER)) {
                long taken = large.tryTakeHuge(leaf);
                if (taken != MigratePfn.SKIP || !large.mayBeSplit(page)) {
                    store(first, PageSize.HPAGE_PMD_ORDER, taken);
                    return count;
                }
            }
            if (large.split(leaf, page)) {
                return 0;
            }
        }
        Arrays.fill(src, first, first + count, MigratePfn.SKIP);
        return count;
    }

    /// An entry without a page to collect: it may be to be filled, and then with its neighbours.
    ///
    /// @return the pages done
    private int vacant(PageTableLeaf leaf, long entry, int slot, int page, int count) {
        if (!isFillable(entry)) {
            src[page] = MigratePfn.SKIP;
            return 1;
        }
        int order = orders.highestFitting(slot, Math.min(count, PageSize.ENTRIES_PER_TABLE - 1));
        while (order > 0 && !isFillable(leaf, slot, 1 << order)) {
            order = orders.below(order);
        }
        storeHole(page, order);
        return 1 << order;
    }

    private boolean isFillable(PageTableLeaf leaf, int slot, int count) {
        for (int at = slot; at < slot + count; at++) {
            if (!isFillable(leaf.entryLocked(at))) {
                return false;
            }
        }
        return true;
    }

    /// Nothing yet, or the zero page, which counts as memory of the system.
    private boolean isFillable(long entry) {
        if (PageTableEntry.isNone(entry)) {
            return vma.isAnonymous();
        }
        return PageTableEntry.isSpecial(entry)
                && machine.isZeroPage(PageTableEntry.page(entry))
                && select == MigrateSelect.SYSTEM;
    }

    /// The page of an entry that is to be collected, else [Page#NONE].
    private long selected(long entry) {
        if (!PageTableEntry.isPresent(entry)) {
            return select == MigrateSelect.DEVICE_PRIVATE
                            && PageTableEntry.isDevicePrivate(entry)
                            && machine.pagemap(PageTableEntry.page(entry)).isOwnedBy(owner)
                    ? PageTableEntry.page(entry)
                    : Page.NONE;
        }
        long page = PageTableEntry.page(entry);
        boolean isSelected =
                Page.isDevice(page)
                        ? select == MigrateSelect.DEVICE_COHERENT
                                && machine.pagemap(page).isOwnedBy(owner)
                        : select == MigrateSelect.SYSTEM && !PageTableEntry.isSpecial(entry);
        return isSelected ? page : Page.NONE;
    }

    /// Takes the lock of a small folio and gives the mapping up for a migration entry; the
    /// reference that the mapping held is the collector's from now on.
    private long take(PageTableLeaf leaf, int slot, long entry) {
        long page = PageTableEntry.page(entry);
        if (folios.mapping(page) == null) {
            return MigratePfn.SKIP;
        }
        if (folios.isMaybePinned(page) && folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE)) {
            return MigratePfn.SKIP; // whoever pinned it relies on its staying the process's own
        }
        int flags;
        if (page == faultPage) {
            if (large.losesFaultPage()) {
                return MigratePfn.SKIP;
            }
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
