package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.RemoveMigrationEntries;
import java.util.Arrays;

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

    /// The words that are left for the long way.
    private int[] rest = new int[0];

    private int restCount;
    private final long faultPage;
    private final long[] src;
    private final long[] dst;
    private final int pageCount;

    /// From the start, the pages that a reference is dropped of at the end; from [#freedFrom] on,
    /// those that are free already but for their frames.
    private final long[] dropped;

    private int droppedCount;
    private int freedFrom;
    private final boolean freesAtOnce;

    /// @param scratch room for two words a page
    MigrateFinish(
            Machine machine,
            long faultPage,
            long[] src,
            long[] dst,
            int pageCount,
            long[] scratch) {
        this.machine = machine;
        this.folios = machine.folios();
        this.removeMigrationEntries = new RemoveMigrationEntries(machine);
        this.faultPage = faultPage;
        this.src = src;
        this.dst = dst;
        this.pageCount = pageCount;
        this.dropped = scratch;
        this.freedFrom = scratch.length;
        this.freesAtOnce = faultPage == Page.NONE && machine.freesTaken();
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
        letGo();
    }

    private void letGo() {
        machine.putAll(dropped, droppedCount);
        machine.freeTaken(dropped, freedFrom, dropped.length);
    }

    /// Ends a migration of pages of a VMA.
    ///
    /// @param pageNumbers of the words, ascending
    void finish(Vma vma, long[] pageNumbers) {
        AnonVma own = vma.anonVma();
        if (own == null) {
            finish();
            return;
        }
        if (isOnlyVma(own, vma)) {
            publish(vma, own, pageNumbers);
            for (int i = 0; i < restCount; i++) {
                finishPage(rest[i]);
            }
            letGo();
        } else {
            for (int i = 0; i < pageCount; i += wordPages(i)) {
                moveStateLate(i);
            }
            finish();
        }
    }

    /// That stays so while the mmap lock of its process is held: what could give the family another
    /// VMA of these offsets is a fork or a move of this one.
    static boolean isOnlyVma(AnonVma own, Vma vma) {
        own.lock();
        try {
            return own.isOnlyVmaLocked(vma);
        } finally {
            own.unlock();
        }
    }

    /// Leaf by leaf. What can not be published so is left for the long way.
    private void publish(Vma vma, AnonVma own, long[] pageNumbers) {
        long indexOffset = vma.pageIndex(vma.start()) - PageSize.pageNumber(vma.start());
        int i = 0;
        while (i < pageCount) {
            long leafEnd = (pageNumbers[i] | PageSize.ENTRIES_PER_TABLE - 1) + 1;
            PageTableLeaf leaf =
                    vma.mm().pageTable().lookupLeaf(PageSize.pageAddress(pageNumbers[i]));
            PageTableLeaf locked = leaf != null && leaf.lockIfAlive() ? leaf : null;
            while (i < pageCount && pageNumbers[i] < leafEnd) {
                boolean isSole = MigratePfn.isSoleBasePage(src[i]);
                if (locked == null) {
                    moveStateLate(i);
                    addRest(i);
                } else if (isSole
                        ? !publishPage(locked, vma, own, pageNumbers[i], indexOffset, i)
                        : !publishFolio(locked, vma, own, pageNumbers[i], indexOffset, i)) {
                    addRest(i);
                }
                i += isSole ? 1 : wordPages(i);
            }
            if (locked != null) {
                locked.unlock();
            }
        }
    }

    private void addRest(int i) {
        if (src[i] == MigratePfn.SKIP && dst[i] == MigratePfn.SKIP) {
            return;
        }
        if (restCount == rest.length) {
            rest = Arrays.copyOf(rest, Math.max(16, 2 * restCount));
        }
        rest[restCount++] = i;
    }

    /// The short way of a large folio.
    ///
    /// @return false for a page that did not move, or that may be mapped elsewhere
    private boolean publishFolio(
            PageTableLeaf leaf, Vma vma, AnonVma own, long pageNumber, long indexOffset, int i) {
        long word = src[i];
        long index = pageNumber + indexOffset;
        if (!MigratePfn.isCompound(word) || !MigratePfn.hasMigrated(word)) {
            return false;
        }
        long from = MigratePfn.page(word);
        long to = MigratePfn.page(dst[i]);
        if (from == to // joined on the way: there is no source any more
                || !folios.isAt(to, own, index)
                || MigratePfn.order(word) != PageSize.HPAGE_PMD_ORDER
                || !leaf.isHugeLocked()
                || !removeMigrationEntries.publishPmdLocked(leaf, from, to, vma)) {
            return false;
        }
        drop(from, false);
        return true;
    }

    /// *pages* has left the state of such a page to be moved with its publication.
    private void moveStateLate(int i) {
        if (MigratePfn.isSoleBasePage(src[i])) {
            folios.migrateState(MigratePfn.page(src[i]), MigratePfn.page(dst[i]));
        }
    }

    /// The short way of a base page. The source goes first, where nobody else holds it: its frame
    /// is not used again before all entries are restored.
    private boolean publishPage(
            PageTableLeaf leaf, Vma vma, AnonVma own, long pageNumber, long indexOffset, int i) {
        int slot = (int) pageNumber & (PageSize.ENTRIES_PER_TABLE - 1);
        long index = pageNumber + indexOffset;
        long from = MigratePfn.page(src[i]);
        long to = MigratePfn.page(dst[i]);
        long entry = leaf.entryLocked(slot);
        if (!PageTableEntry.isMigration(entry) || PageTableEntry.page(entry) != from) {
            moveStateLate(i);
            return false; // not mapped any more
        }
        assert folios.isAt(from, own, index) : Page.describe(from) + " has another place";
        int freed = freesAtOnce ? folios.tryUnlockAndFree(from) : -1;
        int moved = freed >= 0 ? freed : folios.movingFlags(from);
        removeMigrationEntries.publishAtLocked(leaf, slot, entry, to, vma, own, index, moved);
        if (freed >= 0) {
            dropped[--freedFrom] = from;
        } else {
            drop(from, false);
        }
        return true;
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
