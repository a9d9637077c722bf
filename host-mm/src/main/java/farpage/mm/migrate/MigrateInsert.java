package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;

/// Puts a device page where there was no page yet, or the zero page. Who faults at the same moment
/// wins.
///
/// @kernel mm/migrate_device.c: migrate_vma_insert_page
final class MigrateInsert {
    private final Vma vma;
    private final Mm mm;

    MigrateInsert(Vma vma) {
        this.vma = vma;
        this.mm = vma.mm();
    }

    /// Maps the device page.
    ///
    /// @return false if the place is taken, or the page is of a kind that can not be mapped so
    boolean insert(long address, long page) {
        if (!vma.isAnonymous() || !Page.isDevice(page)) {
            return false;
        }
        Machine machine = mm.machine();
        AnonVma anonVma = mm.prepareAnonVma(vma);
        PageTableLeaf leaf = mm.pageTable().leafOrNew(address);
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        long entry = leaf.entryLocked(slot);
        boolean vacant =
                PageTableEntry.isNone(entry)
                        || PageTableEntry.isSpecial(entry)
                                && PageTableEntry.page(entry) == machine.zeroPage();
        if (vacant) {
            FolioTable folios = machine.folios();
            folios.setFlag(page, FolioFlags.UPTODATE | FolioFlags.SWAPBACKED);
            folios.setFlag(page, FolioFlags.ANON_EXCLUSIVE);
            folios.setMapping(page, anonVma, vma.pageIndex(address));
            folios.addMapping(page);
            folios.get(page);
            leaf.setEntryLocked(
                    slot,
                    PageTableEntry.ofDevicePrivate(page, vma.isWritable(), PageTableEntry.NONE));
        }
        leaf.unlock();
        if (vacant) {
            mm.addAnonymousPages(1);
        }
        return vacant;
    }
}
