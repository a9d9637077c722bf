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
        try {
            return machine.pagemap(page).privateOps().migrateToRam(fault.withPage(page));
        } finally {
            folios.unlock(page);
            machine.put(page);
        }
    }
}
