package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.file.FilesOnDevices;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.TryToMigrate;
import farpage.mm.zonedevice.DevicePagemap;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The first half of *setup*: finds the pages, locks those that it can, and puts migration entries
/// in their place. It never waits for a folio: two migrations that want each other's pages would
/// wait for ever.
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
    private final long[] pageNumbers;
    private final long[] src;
    private final CollectLarge large;
    private final FolioOrders orders;

    private final @Nullable AnonVma anonVma;

    /// What makes the number of a page its index in the reverse map.
    private final long indexOffset;

    /// Whether the driver may let its device write what no entry permits a CPU to write: it tells
    /// the file itself that a page is dirty.
    private final boolean writesFiles;

    /// Whether pages of files stay, because devices have copies of them.
    private final boolean leavesFiles;

    private int collected;
    private boolean mapped;
    private boolean hasLarge;
    private boolean hasHoles;

    /// That of the device page met last.
    private @Nullable DevicePagemap recentPagemap;

    MigrateCollect(
            Vma vma,
            MigrateSelect select,
            @Nullable Object owner,
            long faultPage,
            FolioOrders orders,
            long[] pageNumbers,
            long[] src) {
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.vma = vma;
        this.select = select;
        this.owner = owner;
        this.faultPage = faultPage;
        this.orders = orders;
        this.pageNumbers = pageNumbers;
        this.src = src;
        this.anonVma = vma.anonVma();
        this.indexOffset = vma.pageIndex(vma.start()) - PageSize.pageNumber(vma.start());
        boolean fromSystem = select == MigrateSelect.SYSTEM;
        FilesOnDevices files = machine.filesOnDevices();
        this.writesFiles = fromSystem && files.movesPages() && vma.isShared() && vma.isWritable();
        this.large = new CollectLarge(machine, faultPage, orders, writesFiles);
        this.leavesFiles = fromSystem && files.copiesPages();
    }

    /// Fills `src` for the pages, leaf by leaf.
    ///
    /// @return the entries that are to migrate
    int collect(int pageCount) {
        long start = PageSize.pageAddress(pageNumbers[0]);
        long end = PageSize.pageAddress(pageNumbers[pageCount - 1] + 1);
        boolean started = vma.mm().notifiers().start(MmuNotifierRange.migrate(start, end, owner));
        assert started;
        collected = 0;
        for (int first = 0; first < pageCount; ) {
            int stop = leafStop(first, pageCount);
            PageTableLeaf leaf =
                    vma.mm().pageTable().lookupLeaf(PageSize.pageAddress(pageNumbers[first]));
            if (leaf == null || leaf.isEmptyAcquire()) {
                leafRuns(null, first, stop);
            } else {
                leaf.lock();
                leafRuns(leaf, first, stop);
                leaf.unlock();
            }
            first = stop;
        }
        vma.mm().notifiers().end();
        return collected;
    }

    /// Where the pages end that lie in one leaf with that at `first`.
    private int leafStop(int first, int pageCount) {
        long leafEnd = (pageNumbers[first] | PageSize.ENTRIES_PER_TABLE - 1) + 1;
        int stop = Math.min(pageCount, first + PageSize.ENTRIES_PER_TABLE);
        while (pageNumbers[stop - 1] >= leafEnd) {
            stop--;
        }
        return stop;
    }

    /// Pages of one leaf, in runs that lie side by side. Without a leaf nothing is mapped.
    private void leafRuns(@Nullable PageTableLeaf leaf, int from, int to) {
        for (int first = from; first < to; ) {
            int stop = to;
            if (pageNumbers[to - 1] - pageNumbers[first] != to - 1 - first) {
                stop = first + 1;
                while (pageNumbers[stop] == pageNumbers[stop - 1] + 1) {
                    stop++;
                }
            }
            long address = PageSize.pageAddress(pageNumbers[first]);
            if (leaf == null) {
                hole(address, first, stop - first);
            } else {
                leaf(leaf, address, first, stop - first);
            }
            first = stop;
        }
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
        hasHoles = true;
    }

    private void store(int page, int order, long word) {
        src[page] = word;
        if (order > 0) {
            Arrays.fill(src, page + 1, page + (1 << order), MigratePfn.SKIP);
        }
        if (MigratePfn.isMigrating(word)) {
            collected++;
        }
        hasLarge |= order > 0;
    }

    /// Whether pages were collected that may still be mapped elsewhere, or must be taken off the
    /// LRU.
    boolean isUnmappingLeft() {
        return mapped;
    }

    /// Whether there are words that stand for more than one page.
    boolean hasLarge() {
        return hasLarge;
    }

    /// Whether there are words without a page.
    boolean hasHoles() {
        return hasHoles;
    }

    private long noteMapped(long word) {
        if (!MigratePfn.hasPage(word)) {
            return word;
        }
        mapped = true;
        return MigratePfn.withMapped(word);
    }

    private void leaf(PageTableLeaf leaf, long address, int first, int count) {
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
                continue;
            }
            int dirty = TryToMigrate.isDirtyPresent(entry) ? FolioFlags.DIRTY : 0;
            long index = pageNumbers[first + done] + indexOffset;
            int taken =
                    page == faultPage
                            ? FolioTable.NOT_TAKEN
                            : folios.tryTakeExclusive(page, dirty, anonVma, index);
            if (taken != FolioTable.NOT_TAKEN) {
                leaf.setEntryLocked(slot, TryToMigrate.migrationEntry(entry, true));
                long word = MigratePfn.ofSource(page, isWritable(entry));
                src[first + done] =
                        taken == FolioTable.TAKEN_THERE ? MigratePfn.withSole(word) : word;
                collected++;
                done++;
            } else if (!folios.isLarge(page)) {
                store(first + done, 0, noteMapped(take(leaf, slot, entry)));
                done++;
            } else if (leavesFiles && !folios.isAnonymous(page)) {
                src[first + done] = MigratePfn.SKIP;
                done++;
            } else {
                int run = large.tryTakeRun(leaf, slot, count - done, src, first + done);
                if (run > 0) {
                    src[first + done] = noteMapped(src[first + done]);
                    collected += MigratePfn.isMigrating(src[first + done]) ? 1 : 0;
                    hasLarge = true;
                    done += run;
                } else if (!large.split(leaf, page)) {
                    Arrays.fill(src, first + done, first + count, MigratePfn.SKIP);
                    done = count;
                }
            }
        }
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
                    store(first, PageSize.HPAGE_PMD_ORDER, noteMapped(taken));
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
                            && isOwned(PageTableEntry.page(entry))
                    ? PageTableEntry.page(entry)
                    : Page.NONE;
        }
        long page = PageTableEntry.page(entry);
        boolean isSelected =
                Page.isDevice(page)
                        ? select == MigrateSelect.DEVICE_COHERENT && isOwned(page)
                        : select == MigrateSelect.SYSTEM && !PageTableEntry.isSpecial(entry);
        return isSelected ? page : Page.NONE;
    }

    private boolean isOwned(long page) {
        DevicePagemap pagemap = recentPagemap;
        if (pagemap == null || !pagemap.contains(page)) {
            pagemap = machine.pagemap(page);
            recentPagemap = pagemap;
        }
        return pagemap.isOwnedBy(owner);
    }

    /// Takes the lock of a small folio and gives the mapping up for a migration entry; the
    /// reference that the mapping held is the collector's from now on.
    private long take(PageTableLeaf leaf, int slot, long entry) {
        long page = PageTableEntry.page(entry);
        if (folios.mapping(page) == null || leavesFiles && !folios.isAnonymous(page)) {
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
        return MigratePfn.ofSource(page, isWritable(entry) || writesFiles);
    }

    private static boolean isWritable(long entry) {
        return PageTableEntry.isWritable(entry) || PageTableEntry.isWritableDevicePrivate(entry);
    }
}
