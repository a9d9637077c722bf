package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.VmStat;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.AnonVma;

/// A copy of the folio that stands for a swap slot, for a place that the folio itself can not
/// serve.
///
/// One slot serves places of different indices only if a merged page went to it. While that page is
/// in memory it serves them all. Once it was freed, what is read from the slot is an ordinary page:
/// its reverse map leads to the index that it was first mapped at, so every other place gets a
/// copy.
///
/// @kernel mm/ksm.c: ksm_might_need_to_copy
final class SwapInCopy {
    private SwapInCopy() {}

    /// Whether the folio, which is locked, can not be mapped at an index of this family.
    static boolean isNeeded(FolioTable folios, long page, long index, AnonVma anonVma) {
        return folios.mapping(page) instanceof AnonVma found
                && (folios.index(page) != index || !found.isSameFamily(anonVma));
    }

    /// A page with the folio's contents that nobody can find yet. It is dirty, because no slot has
    /// its contents.
    ///
    /// @return [Page#NONE] if memory is out
    static long of(PageFault fault, long page) {
        Machine machine = fault.mm().machine();
        long copy = machine.allocateCharged(fault.vma());
        if (copy == Page.NONE) {
            return Page.NONE;
        }
        boolean copied = machine.pageBytes().copyToSystem(page, copy);
        assert copied : "a page of swap lies in RAM";
        machine.folios()
                .setFlag(
                        copy,
                        FolioFlags.UPTODATE
                                | FolioFlags.DIRTY
                                | FolioFlags.SWAPBACKED
                                | FolioFlags.LRU);
        machine.vmStat().count(VmStat.Event.KSM_SWPIN_COPY, 1);
        return copy;
    }
}
