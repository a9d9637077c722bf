package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.RemoveMigrationEntries;

/// Phase *finish*: migration entries become mappings again, locks and references are dropped, and
/// what nobody needs any more is freed: the source where the page moved, else the destination.
///
/// Where no other VMA of the family covers the same offsets, its pages are mapped nowhere else, and
/// there is no need to walk the reverse map for each: the entries of a leaf are restored under its
/// lock in one go. Every other page goes the long way.
///
/// @kernel mm/migrate_device.c: __migrate_device_finalize
final class MigrateFinish {
    private final Machine machine;
    private final FolioTable folios;
    private final RemoveMigrationEntries removeMigrationEntries;
    private final long faultPage;
    private final long[] src;
    private final long[] dst;
    private final int pageCount;
    private final int wordCount;

    /// The pages that a reference is dropped of at the end.
    private final long[] dropped;

    private int droppedCount;

    MigrateFinish(Machine machine, long faultPage, long[] src, long[] dst, int pageCount) {
        this.machine = machine;
        this.folios = machine.folios();
        this.removeMigrationEntries = new RemoveMigrationEntries(machine);
        this.faultPage = faultPage;
        this.src = src;
        this.dst = dst;
        this.pageCount = pageCount;
        this.wordCount = countWords();
        this.dropped = new long[2 * wordCount];
    }

    /// Words with a source or a destination: there may be one for many pages.
    private int countWords() {
        int words = 0;
        for (int i = 0; i < pageCount; i += wordPages(i)) {
            words += src[i] == MigratePfn.SKIP && dst[i] == MigratePfn.SKIP ? 0 : 1;
        }
        return words;
    }

    /// Pages that the words of a place stand for. A source that stays may have base pages as
    /// destinations, each of which must be dropped.
    private int wordPages(int i) {
        return Math.min(MigratePfn.pageCount(src[i]), MigratePfn.pageCount(dst[i]));
    }

    /// Ends a migration of pages that may be mapped anywhere.
    void finish() {
        for (int i = 0; i < pageCount; i += wordPages(i)) {
            finishPage(i);
        }
        machine.putAll(dropped, droppedCount);
    }

    /// Ends a migration of a range of a VMA.
    void finish(Vma vma, long start) {
        AnonVma own = vma.anonVma();
        if (own == null) {
            finish();
            return;
        }
        int[] rest = new int[wordCount];
        int restCount = 0;
        own.lock();
        try {
            if (own.isOnlyVmaLocked(vma)) {
                restCount = publish(vma, start, rest);
            } else {
                for (int i = 0; i < pageCount; i += wordPages(i)) {
                    restCount = addRest(rest, restCount, i);
                }
            }
        } finally {
            own.unlock();
        }
        for (int i = 0; i < restCount; i++) {
            finishPage(rest[i]);
        }
        machine.putAll(dropped, droppedCount);
    }

    /// Leaf by leaf.
    ///
    /// @return how many pages are left for the long way
    private int publish(Vma vma, long start, int[] rest) {
        int restCount = 0;
        int i = 0;
        while (i < pageCount) {
            long address = start + PageSize.pageAddress(i);
            long stop = PageTable.leafEnd(address, start + PageSize.pageAddress(pageCount));
            int end = (int) PageSize.pageNumber(stop - start);
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
            if (leaf == null || !leaf.lockIfAlive()) {
                for (; i < end; i += wordPages(i)) {
                    restCount = addRest(rest, restCount, i);
                }
                continue;
            }
            int firstSlot = PageTableLeaf.slot(address) - i;
            for (; i < end; i += wordPages(i)) {
                long at = start + PageSize.pageAddress(i);
                if (!publishFolio(leaf, firstSlot + i, vma, at, i)) {
                    restCount = addRest(rest, restCount, i);
                }
            }
            leaf.unlock();
        }
        return restCount;
    }

    private int addRest(int[] rest, int restCount, int i) {
        if (src[i] == MigratePfn.SKIP && dst[i] == MigratePfn.SKIP) {
            return restCount;
        }
        rest[restCount] = i;
        return restCount + 1;
    }

    /// The short way.
    ///
    /// @return false for a page that did not move, or that may be mapped elsewhere
    private boolean publishFolio(PageTableLeaf leaf, int slot, Vma vma, long address, int i) {
        if (!MigratePfn.hasMigrated(src[i])) {
            return false;
        }
        long from = MigratePfn.page(src[i]);
        long to = MigratePfn.page(dst[i]);
        if (folios.mapping(to) != vma.anonVma()
                || vma.addressOfIndex(folios.index(to)) != address
                || !publish(leaf, slot, vma, from, to, MigratePfn.order(src[i]))) {
            return false;
        }
        drop(from, false);
        return true;
    }

    private boolean publish(PageTableLeaf leaf, int slot, Vma vma, long from, long to, int order) {
        if (leaf.isHugeLocked()) {
            return order == PageSize.HPAGE_PMD_ORDER
                    && removeMigrationEntries.publishPmdLocked(leaf, from, to, vma);
        }
        return order == 0 && removeMigrationEntries.publishAtLocked(leaf, slot, from, to, vma);
    }

    /// The long way, for any page.
    private void finishPage(int i) {
        long from = MigratePfn.page(src[i]);
        long to = MigratePfn.page(dst[i]);
        if (from == Page.NONE) {
            dropDestination(to);
            return;
        }
        if (!MigratePfn.isMigrating(src[i]) || to == Page.NONE) {
            dropDestination(to);
            to = from;
        }
        removeMigrationEntries.restore(from, to);
        drop(to, true);
        if (to != from) {
            drop(from, false);
        }
    }

    private void dropDestination(long page) {
        if (page != Page.NONE) {
            drop(page, false);
        }
    }

    /// Unlocks and lets go. A system page that stays in use goes on the LRU.
    private void drop(long page, boolean inUse) {
        if (inUse && !Page.isDevice(page)) {
            folios.setFlag(page, FolioFlags.LRU);
        }
        if (!FaultFolio.is(folios, faultPage, page)) {
            folios.unlock(page);
        }
        dropped[droppedCount++] = page;
    }
}
