package farpage.mm.ksm;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.fault.FaultFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFaultHandler;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Gives mappings of merged pages a page of their own again, by the fault that a store would cause,
/// but without the right to store. A merged page on a device is not looked for; it stays merged.
///
/// @kernel mm/ksm.c: break_ksm, unmerge_ksm_pages
final class BreakKsm {
    private BreakKsm() {}

    /// The mmap lock is held.
    ///
    /// @return ENOMEM if there was no memory for a copy; what lies below was done
    static Errno unmerge(Vma vma, long start, long end) {
        Mm mm = vma.mm();
        assert mm.isLocked();
        PageTable pageTable = mm.pageTable();
        for (long at = pageTable.nextMapped(start, end); at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            for (long address = at; address < stop; address += PageSize.PAGE_SIZE) {
                while (isMerged(mm.machine(), pageTable, address)) {
                    FaultResult result =
                            PageFaultHandler.handleLocked(
                                    vma, address, FaultFlags.UNSHARE | FaultFlags.REMOTE);
                    if (result == FaultResult.OUT_OF_MEMORY) {
                        return Errno.ENOMEM;
                    }
                    if (result.isError()) {
                        break; // the mapping can not be had, so it can not be written either
                    }
                }
            }
            at = pageTable.nextMapped(stop, end);
        }
        return Errno.OK;
    }

    /// Whether a merged page is mapped, or was when its migration began; or the zero page in the
    /// place of a page of zeros.
    private static boolean isMerged(Machine machine, PageTable pageTable, long address) {
        PageTableLeaf leaf = pageTable.lookupLeaf(address);
        if (leaf == null) {
            return false;
        }
        leaf.lock();
        long entry = leaf.entryLocked(PageTableLeaf.slot(address));
        boolean mapped =
                PageTableEntry.isPresent(entry)
                        ? !PageTableEntry.isSpecial(entry)
                        : PageTableEntry.isMigration(entry);
        boolean merged =
                mapped && machine.folios().hasFlag(PageTableEntry.page(entry), FolioFlags.KSM)
                        || KsmZeroPages.isKsmZero(machine, entry);
        leaf.unlock();
        return merged;
    }
}
