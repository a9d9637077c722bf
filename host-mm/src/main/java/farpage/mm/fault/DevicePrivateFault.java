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
        leaf.lock();
        boolean unchanged = leaf.entryLocked(PageTableLeaf.slot(fault.address())) == entry;
        return takeLocked(fault, leaf, PageTableEntry.page(entry), unchanged, false);
    }

    /// The same for a huge mapping.
    ///
    /// @param word the huge mapping
    /// @kernel mm/huge_memory.c: do_huge_pmd_device_private
    static FaultResult handleHuge(PageFault fault, PageTableLeaf leaf, long word) {
        leaf.lock();
        boolean unchanged = leaf.pmdLocked() == word;
        return takeLocked(fault, leaf, PageTableEntry.page(word), unchanged, true);
    }

    /// Locks the folio, lets go of the leaf and calls the driver. Who finds the folio locked waits
    /// for that, and the access is tried again.
    ///
    /// @param unchanged whether the mapping that led here is still there
    private static FaultResult takeLocked(
            PageFault fault, PageTableLeaf leaf, long page, boolean unchanged, boolean pmd) {
        FolioTable folios = fault.mm().machine().folios();
        if (!unchanged) {
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
        return migrate(fault.withPage(page, pmd));
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
