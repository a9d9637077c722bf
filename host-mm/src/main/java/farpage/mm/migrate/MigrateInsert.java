package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.hugememory.HugePageCounters;
import farpage.mm.hugememory.SplitPmd;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.NewAnonRmap;

/// Puts a folio where there was none yet, or the zero page: a device folio, or a system page that a
/// driver chose. Who faults at the same moment wins.
///
/// @kernel mm/migrate_device.c: migrate_vma_insert_page
final class MigrateInsert {
    private final Vma vma;
    private final Mm mm;

    MigrateInsert(Vma vma) {
        this.vma = vma;
        this.mm = vma.mm();
    }

    /// Maps the folio.
    ///
    /// @param address of its first page
    /// @return false if the place is taken, or the mapping is of a kind that takes no such page, or
    ///   userfaultfd is to fill it
    boolean insert(long address, long page) {
        if (!vma.isAnonymous()) {
            return false;
        }
        Machine machine = mm.machine();
        int order = machine.folios().order(page);
        AnonVma anonVma = mm.prepareAnonVma(vma);
        if (!machine.memcgs().charge(page, mm.memcg())) {
            return false;
        }
        PageTableLeaf leaf = mm.pageTable().leafOrNew(address);
        if (order < PageSize.HPAGE_PMD_ORDER && PageTableEntry.isSpecial(leaf.pmdAcquire())) {
            SplitPmd.split(vma, address);
        }
        leaf.lock();
        boolean inserted =
                !vma.hasUffdMissing()
                        && (order == PageSize.HPAGE_PMD_ORDER
                                ? insertHugeLocked(leaf, address, page, anonVma)
                                : insertPagesLocked(leaf, address, page, anonVma, 1 << order));
        leaf.unlock();
        if (inserted) {
            mm.addRss(RssCounter.ANON, 1L << order);
        }
        return inserted;
    }

    /// @kernel mm/migrate_device.c: migrate_vma_insert_huge_pmd_page
    private boolean insertHugeLocked(PageTableLeaf leaf, long address, long page, AnonVma anonVma) {
        if (!leaf.isEmptyLocked() && !PageTableEntry.isSpecial(leaf.pmdLocked())) {
            return false;
        }
        NewAnonRmap.addEntire(vma, address, page, anonVma);
        mm.machine().folios().get(page);
        leaf.setPmdLocked(inserted(page));
        HugePageCounters counters = mm.machine().hugePages().counters();
        counters.count(HugePageCounters.Event.FAULT_ALLOC);
        counters.count(HugePageCounters.SizeEvent.ANON_FAULT_ALLOC, PageSize.HPAGE_PMD_ORDER, 1);
        return true;
    }

    private boolean insertPagesLocked(
            PageTableLeaf leaf, long address, long page, AnonVma anonVma, int pageCount) {
        int first = PageTableLeaf.slot(address);
        for (int slot = first; slot < first + pageCount; slot++) {
            if (!isNoneOrZeroPage(leaf.entryLocked(slot))) {
                return false;
            }
        }
        if (pageCount == 1) {
            NewAnonRmap.add(vma, address, page, anonVma);
        } else {
            NewAnonRmap.addPages(vma, address, page, anonVma);
        }
        mm.machine().folios().get(page, pageCount);
        long entry = inserted(page);
        for (int i = 0; i < pageCount; i++) {
            leaf.setEntryLocked(first + i, PageTableEntry.following(entry, i));
        }
        return true;
    }

    private boolean isNoneOrZeroPage(long entry) {
        return PageTableEntry.isNone(entry)
                || PageTableEntry.isSpecial(entry)
                        && mm.machine().isZeroPage(PageTableEntry.page(entry));
    }

    private long inserted(long page) {
        if (Page.isDevicePrivate(page)) {
            return PageTableEntry.ofDevicePrivate(page, vma.isWritable(), PageTableEntry.NONE);
        }
        long entry = PageTableEntry.ofPage(page, vma.isWritable());
        if (!vma.isAccessible()) {
            return PageTableEntry.withProtNone(entry, true);
        }
        return vma.isWritable()
                ? PageTableEntry.withStore(entry)
                : PageTableEntry.withAccess(entry, false);
    }
}
