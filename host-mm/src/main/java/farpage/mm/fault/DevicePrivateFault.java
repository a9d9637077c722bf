package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// The CPU touched a page that is on a device: its driver brings it back.
///
/// The page is locked and referenced here, for the driver: it hands the page to the migration as
/// the fault page, so that neither the lock nor the reference stands in the way.
///
/// @kernel mm/memory.c: do_swap_page, the device-private branch
final class DevicePrivateFault {
    private DevicePrivateFault() {}

    static FaultResult handle(PageFault fault, PageTableLeaf leaf, long entry) {
        Machine machine = fault.mm().machine();
        FolioTable folios = machine.folios();
        long page = PageTableEntry.page(entry);
        leaf.lock();
        if (leaf.entryLocked(PageTableLeaf.slot(fault.address())) != entry) {
            leaf.unlock();
            return FaultResult.HANDLED;
        }
        if (!folios.tryLock(page)) {
            leaf.unlock();
            folios.waitUnlocked(page);
            return FaultResult.HANDLED;
        }
        folios.get(page);
        leaf.unlock();
        return migrate(fault.withPage(page, false));
    }

    /// The same for a huge mapping. Whoever finds the folio locked tries again.
    ///
    /// @param word the huge mapping
    /// @kernel mm/huge_memory.c: do_huge_pmd_device_private
    static FaultResult handleHuge(PageFault fault, PageTableLeaf leaf, long word) {
        FolioTable folios = fault.mm().machine().folios();
        long page = PageTableEntry.page(word);
        leaf.lock();
        if (leaf.pmdLocked() != word) {
            leaf.unlock();
            return FaultResult.HANDLED;
        }
        if (!folios.tryLock(page)) {
            leaf.unlock();
            folios.waitUnlocked(page);
            return FaultResult.HANDLED;
        }
        folios.get(page);
        leaf.unlock();
        return migrate(fault.withPage(page, true));
    }

    /// The driver may have the folio cut; then the lock and the reference are those of the piece
    /// with the page of the fault.
    private static FaultResult migrate(PageFault fault) {
        Machine machine = fault.mm().machine();
        long page = fault.page();
        try {
            return machine.pagemap(page).privateOps().migrateToRam(fault);
        } finally {
            machine.folios().unlock(page);
            machine.put(page);
        }
    }
}
