package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.NewAnonRmap;

/// Puts a page where there was none yet, or the zero page: a device page, or a system page that a
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

    /// Maps the page.
    ///
    /// @return false if the place is taken, or the mapping is of a kind that takes no such page, or
    ///   userfaultfd is to fill it
    boolean insert(long address, long page) {
        if (!vma.isAnonymous()) {
            return false;
        }
        Machine machine = mm.machine();
        AnonVma anonVma = mm.prepareAnonVma(vma);
        if (!machine.memcgs().charge(page, mm.memcg())) {
            return false;
        }
        PageTableLeaf leaf = mm.pageTable().leafOrNew(address);
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        long entry = leaf.entryLocked(slot);
        boolean vacant = !vma.hasUffdMissing() && isNoneOrZeroPage(entry);
        if (vacant) {
            NewAnonRmap.add(vma, address, page, anonVma);
            machine.folios().get(page);
            leaf.setEntryLocked(slot, inserted(page));
        }
        leaf.unlock();
        if (vacant) {
            mm.addRss(RssCounter.ANON, 1);
        }
        return vacant;
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
