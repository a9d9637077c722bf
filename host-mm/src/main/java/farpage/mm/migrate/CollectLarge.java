package farpage.mm.migrate;

import farpage.mm.KernelDefect;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.RemoveRmap;
import farpage.mm.rmap.TryToMigrate;
import java.util.Arrays;

/// How *setup* collects large folios: whole, by the one entry that maps 2 MiB or by a run of
/// entries that maps every page of a smaller one; or cut.
///
/// @kernel mm/migrate_device.c: migrate_vma_collect_huge_pmd, migrate_vma_split_folio
final class CollectLarge {
    private final Machine machine;
    private final FolioTable folios;
    private final long faultPage;
    private final FolioOrders orders;

    /// Whether the driver may let its device write pages of files that no entry lets a CPU write.
    private final boolean writesFiles;

    private boolean losesFaultPage;

    CollectLarge(Machine machine, long faultPage, FolioOrders orders, boolean writesFiles) {
        this.machine = machine;
        this.folios = machine.folios();
        this.faultPage = faultPage;
        this.orders = orders;
        this.writesFiles = writesFiles;
    }

    /// Whether the page of the fault is not to be collected although it can be.
    boolean losesFaultPage() {
        return losesFaultPage;
    }

    private boolean isFaultFolio(long head) {
        return FaultFolio.is(folios, faultPage, head);
    }

    /// Takes the folio of a huge leaf: its lock, and a huge migration entry in its place.
    ///
    /// @return the source word, or SKIP, with nothing changed
    long tryTakeHuge(PageTableLeaf leaf) {
        long word = leaf.pmdLocked();
        long head = PageTableEntry.page(word);
        boolean exclusive = folios.hasFlag(head, FolioFlags.ANON_EXCLUSIVE);
        if (exclusive && folios.isMaybePinned(head)
                || !isFaultFolio(head) && !folios.tryLock(head)) {
            return MigratePfn.SKIP;
        }
        folios.clearFlag(head, FolioFlags.ANON_EXCLUSIVE);
        if (TryToMigrate.isDirtyPresent(word)) {
            folios.setFlag(head, FolioFlags.DIRTY);
        }
        leaf.setPmdLocked(TryToMigrate.hugeMigrationEntry(machine, word, exclusive));
        RemoveRmap.entire(machine, head);
        return MigratePfn.ofSourceFolio(
                head, PageSize.HPAGE_PMD_ORDER, TryToMigrate.isHugeWritable(machine, word));
    }

    private static boolean isWritable(long entry) {
        return PageTableEntry.isWritable(entry) || PageTableEntry.isWritableDevicePrivate(entry);
    }

    /// Whether it makes sense to cut a folio that can not be taken whole: it is not locked by
    /// somebody else.
    boolean mayBeSplit(long page) {
        return isFaultFolio(folios.head(page)) || !folios.isLocked(page);
    }

    /// Takes a large folio that entries in a row map whole, if the driver can use its order. With
    /// nothing but 2 MiB in use none of anonymous memory is: what is not mapped by one entry is
    /// cut.
    ///
    /// @param slot of the first entry
    /// @param count entries from there on that are to be collected
    /// @return its pages; 0, with nothing changed, if it can not be taken whole
    int tryTakeRun(PageTableLeaf leaf, int slot, int count, long[] src, int at) {
        long first = leaf.entryLocked(slot);
        long head = PageTableEntry.page(first);
        int order = folios.order(head);
        int pageCount = 1 << order;
        if (!takesRuns(head)
                || !orders.contains(order)
                || pageCount > count
                || slot + pageCount > PageSize.ENTRIES_PER_TABLE
                || !mapsWhole(leaf, slot, head, pageCount)
                || folios.isMaybePinned(head)) {
            return 0;
        }
        if (!isFaultFolio(head) && !folios.tryLock(head)) {
            Arrays.fill(src, at, at + pageCount, MigratePfn.SKIP);
            return pageCount;
        }
        boolean writable = true;
        for (int i = 0; i < pageCount; i++) {
            long entry = leaf.entryLocked(slot + i);
            boolean exclusive = folios.testAndClearFlag(head + i, FolioFlags.ANON_EXCLUSIVE);
            if (TryToMigrate.isDirtyPresent(entry)) {
                folios.setFlag(head, FolioFlags.DIRTY);
            }
            leaf.setEntryLocked(slot + i, TryToMigrate.migrationEntry(entry, exclusive));
            writable &= isWritable(entry);
        }
        RemoveRmap.pages(machine, head, pageCount);
        machine.put(head, pageCount - 1); // one reference stays, the collector's
        src[at] = MigratePfn.ofSourceFolio(head, order, writable || mayWriteFile(head));
        Arrays.fill(src, at + 1, at + pageCount, MigratePfn.SKIP);
        return pageCount;
    }

    /// A file's pages are never mapped otherwise.
    private boolean takesRuns(long head) {
        return orders.hasMiddle()
                || machine.filesOnDevices().movesPages() && !folios.isAnonymous(head);
    }

    private boolean mayWriteFile(long head) {
        return writesFiles && !folios.isAnonymous(head);
    }

    private boolean mapsWhole(PageTableLeaf leaf, int slot, long head, int pageCount) {
        if (folios.head(head) != head || folios.mapping(head) == null) {
            return false;
        }
        long shape = leaf.entryLocked(slot);
        for (int i = 1; i < pageCount; i++) {
            long entry = leaf.entryLocked(slot + i);
            if (PageTableEntry.shape(entry) != PageTableEntry.shape(shape)
                    || PageTableEntry.isSpecial(entry)
                    || PageTableEntry.page(entry) != head + i) {
                return false;
            }
        }
        return true;
    }

    /// Cuts a folio into what the driver can use; the leaf's lock is given up meanwhile. The piece
    /// of the fault page stays locked.
    ///
    /// @return false if somebody else uses the folio
    boolean split(PageTableLeaf leaf, long page) {
        boolean ofFault = isFaultFolio(folios.head(page));
        if (!ofFault) {
            if (folios.mapping(page) == null || !folios.tryLock(page)) {
                return false;
            }
            folios.get(page);
        }
        leaf.unlock();
        int newOrder = orders.hasMiddle() ? orders.below(folios.order(page)) : 0;
        long head = folios.head(page);
        boolean split = new SplitFolio(machine).split(ofFault ? faultPage : page, newOrder);
        if (ofFault && split && head != folios.head(faultPage)) {
            losesFaultPage = machine.has(KernelDefect.FAULT_PAGE_LOST_IN_SPLIT);
        }
        if (!ofFault) {
            folios.unlock(page);
            machine.put(page);
        }
        leaf.lock();
        return split;
    }
}
