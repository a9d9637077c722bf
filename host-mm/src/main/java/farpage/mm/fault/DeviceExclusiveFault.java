package farpage.mm.fault;

import farpage.mm.PageSize;
import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// The CPU touched a page that a device uses alone: the device loses it, by a load as by a store.
///
/// The folio lock keeps a device that was just given the page from losing it before it has
/// programmed its access.
///
/// @kernel mm/memory.c: remove_device_exclusive_entry
final class DeviceExclusiveFault {
    private DeviceExclusiveFault() {}

    static FaultResult handle(PageFault fault, PageTableLeaf leaf, long entry) {
        FolioTable folios = fault.mm().machine().folios();
        long page = PageTableEntry.page(entry);
        if (!folios.tryGet(page)) {
            return FaultResult.HANDLED; // the page is gone, and the entry with it
        }
        folios.lock(page);
        boolean started =
                fault.mm()
                        .notifiers()
                        .start(
                                MmuNotifierRange.of(
                                        MmuNotifierRange.Event.CLEAR,
                                        fault.address(),
                                        fault.address() + PageSize.PAGE_SIZE));
        assert started;
        int slot = PageTableLeaf.slot(fault.address());
        leaf.lock();
        if (leaf.entryLocked(slot) == entry) {
            leaf.setEntryLocked(slot, DeviceExclusive.restored(fault.vma(), entry));
        }
        leaf.unlock();
        fault.mm().notifiers().end();
        folios.unlock(page);
        fault.mm().machine().put(page);
        return FaultResult.HANDLED;
    }
}
