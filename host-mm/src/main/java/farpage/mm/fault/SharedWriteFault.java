package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// A store to a page of a shared mapping whose entry is read-only because the page was clean: the
/// file learns that it is dirty.
///
/// The page is locked meanwhile: if it is being written back, the store waits for that, and if it
/// left the file, the access begins again.
///
/// @kernel mm/memory.c: wp_page_shared, do_page_mkwrite, fault_dirty_shared_page
final class SharedWriteFault {
    private SharedWriteFault() {}

    static FaultResult handle(PageFault fault, PageTableLeaf leaf, long entry, FileMapping file) {
        Machine machine = fault.mm().machine();
        FolioTable folios = machine.folios();
        int slot = PageTableLeaf.slot(fault.address());
        long page = PageTableEntry.page(entry);
        leaf.lock();
        if (leaf.entryLocked(slot) != entry) {
            leaf.unlock();
            return FaultResult.HANDLED;
        }
        folios.get(page);
        leaf.unlock();
        folios.lock(page);
        if (folios.mapping(page) == file || folios.mapping(page) == null) {
            file.dropCopies(fault.vma().pageIndex(fault.address()));
            makeWritable(fault, leaf, entry);
        }
        folios.unlock(page);
        machine.put(page);
        return FaultResult.HANDLED;
    }

    private static void makeWritable(PageFault fault, PageTableLeaf leaf, long entry) {
        int slot = PageTableLeaf.slot(fault.address());
        leaf.lock();
        if (leaf.entryLocked(slot) == entry) {
            fault.mm().machine().folios().setFlag(PageTableEntry.page(entry), FolioFlags.DIRTY);
            leaf.setEntryLocked(slot, PageTableEntry.withStore(PageTableEntry.withWrite(entry)));
        }
        leaf.unlock();
    }
}
