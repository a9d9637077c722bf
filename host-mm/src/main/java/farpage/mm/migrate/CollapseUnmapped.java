package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;

/// Joins the base pages of 2 MiB in the middle of their migration, because their destination is one
/// large folio: the pages are unmapped and locked, and only migration entries name them. Their
/// table gives way to one huge migration entry for the destination, which is a mapping at the end
/// of the migration.
///
/// The kernel does not do this: it collapses system memory only, in a copy of its own and with the
/// mmap lock held for writing. Here nobody faults on the pages anyway, because their migration
/// entries have them wait for the folio locks that the migration holds.
///
/// Joined is what belongs to one place alone: anonymous pages of this process, each mapped once and
/// exclusively, in a table of 512 such.
///
/// @kernel mm/khugepaged.c: collapse_huge_page, __collapse_huge_page_isolate
final class CollapseUnmapped {
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;

    private final Vma vma;
    private final Machine machine;
    private final FolioTable folios;
    private final long[] pageNumbers;
    private final long[] src;
    private final long[] dst;
    private final long[] sources = new long[PAGES];

    CollapseUnmapped(Vma vma, long[] pageNumbers, long[] src, long[] dst) {
        this.vma = vma;
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.pageNumbers = pageNumbers;
        this.src = src;
        this.dst = dst;
    }

    /// Whether a base page has a folio of 2 MiB as its destination.
    boolean isAsked(int i) {
        return MigratePfn.isBasePage(src[i])
                && MigratePfn.hasPage(dst[i])
                && MigratePfn.order(dst[i]) == ORDER;
    }

    /// Joins 512 words from one on. The destination is the page from then on, and the sources are
    /// free; its word as a source names itself.
    ///
    /// @param pageCount words that there are
    /// @return false, and nothing changed, if they can not be joined
    boolean collapse(int i, int pageCount) {
        AnonVma own = vma.anonVma();
        if (own == null || !isPlace(i, pageCount) || !areSources(i, own)) {
            return false;
        }
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(PageSize.pageAddress(pageNumbers[i]));
        if (leaf == null || !leaf.lockIfAlive()) {
            return false;
        }
        boolean isTable = hasEntriesLocked(leaf, i);
        if (isTable) {
            join(leaf, i);
        }
        leaf.unlock();
        if (isTable) {
            letGo(i);
        }
        return isTable;
    }

    /// Whether the words are those of 2 MiB that one entry of this VMA could map.
    private boolean isPlace(int i, int pageCount) {
        long first = pageNumbers[i];
        return Page.isDevicePrivate(MigratePfn.page(dst[i]))
                && pageCount - i >= PAGES
                && first % PAGES == 0
                && pageNumbers[i + PAGES - 1] == first + PAGES - 1
                && vma.isAnonymous()
                && (vma.flags() & VmFlags.LOCKED) == 0
                && !vma.hasUffdMissing()
                && !vma.hasUffdWp();
    }

    /// Whether all are pages that nobody else holds or can find, charged alike.
    private boolean areSources(int i, AnonVma own) {
        if (!MigrateFinish.isOnlyVma(own, vma)) {
            return false;
        }
        long offset = vma.pageIndex(vma.start()) - PageSize.pageNumber(vma.start());
        int memcg = folios.memcg(MigratePfn.page(src[i]));
        for (int k = i; k < i + PAGES; k++) {
            long from = MigratePfn.page(src[k]);
            if (!MigratePfn.isBasePage(src[k])
                    || k > i && dst[k] != MigratePfn.SKIP
                    || !folios.hasOneReference(from)
                    || !folios.isAt(from, own, pageNumbers[k] + offset)
                    || folios.memcg(from) != memcg) {
                return false;
            }
        }
        return true;
    }

    private boolean hasEntriesLocked(PageTableLeaf leaf, int i) {
        if (leaf.isHugeLocked()) {
            return false;
        }
        for (int slot = 0; slot < PAGES; slot++) {
            long entry = leaf.entryLocked(slot);
            if (!PageTableEntry.isMigration(entry)
                    || PageTableEntry.isSharedMigration(entry)
                    || PageTableEntry.page(entry) != MigratePfn.page(src[i + slot])) {
                return false;
            }
        }
        return true;
    }

    /// What is so of one page is so of the folio: dirty, soft-dirty, referenced. It is writable at
    /// once only if every page was.
    private void join(PageTableLeaf leaf, int i) {
        long to = MigratePfn.page(dst[i]);
        boolean writable = true;
        long marks = PageTableEntry.NONE;
        int flags = 0;
        for (int slot = 0; slot < PAGES; slot++) {
            long entry = leaf.entryLocked(slot);
            writable &= PageTableEntry.isWritableMigration(entry);
            marks |= entry;
            leaf.setEntryLocked(slot, PageTableEntry.NONE);
            flags |= folios.movingFlags(MigratePfn.page(src[i + slot]));
        }
        folios.migrateState(MigratePfn.page(src[i]), to);
        folios.setFlag(to, flags);
        moveCharges(i, to);
        leaf.clearTableLocked();
        long mapped = PageTableEntry.ofDevicePrivate(to, writable, marks);
        leaf.setPmdLocked(PageTableEntry.ofMigration(mapped, writable, true));
    }

    private void moveCharges(int i, long to) {
        if (machine.memcgs().isEnabled()) {
            int memcg = folios.memcg(MigratePfn.page(src[i]));
            for (int k = i; k < i + PAGES; k++) {
                folios.setMemcg(MigratePfn.page(src[k]), 0);
            }
            folios.setMemcg(to, memcg);
        }
    }

    private void letGo(int i) {
        for (int k = 0; k < PAGES; k++) {
            sources[k] = MigratePfn.page(src[i + k]);
            src[i + k] = MigratePfn.SKIP;
            folios.unlock(sources[k]);
        }
        machine.putAll(sources, PAGES);
        boolean writable = MigratePfn.isWritable(dst[i]);
        src[i] = MigratePfn.ofSourceFolio(MigratePfn.page(dst[i]), ORDER, writable);
    }

    /// What can not be joined goes page by page: the destination is cut.
    ///
    /// @param pageCount words that there are
    /// @return false if somebody else holds a reference to it; the pages stay then
    boolean cut(int i, int pageCount) {
        long to = MigratePfn.page(dst[i]);
        if (!new SplitFolio(machine).splitUnmapped(to, 0)) {
            return false;
        }
        boolean writable = MigratePfn.isWritable(dst[i]);
        for (int k = 0; k < PAGES; k++) {
            long word = MigratePfn.ofPage(to + k);
            boolean isUsed = i + k < pageCount && MigratePfn.isBasePage(src[i + k]);
            if (isUsed) {
                dst[i + k] = writable ? MigratePfn.withWrite(word) : word;
            } else {
                folios.unlock(to + k);
                machine.put(to + k);
            }
        }
        return true;
    }
}
