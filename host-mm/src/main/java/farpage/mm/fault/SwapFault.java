package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.VmStat;
import farpage.mm.ksm.StableNode;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.swap.SwapEntry;

/// An access to a page that lies in swap: the folio that stands for the slot is found or read, and
/// mapped.
///
/// @kernel mm/memory.c: do_swap_page
final class SwapFault {
    private SwapFault() {}

    static FaultResult handle(PageFault fault, PageTableLeaf leaf, long entry) {
        Machine machine = fault.mm().machine();
        long swap = SwapEntry.ofPageTableEntry(entry);
        AnonVma anonVma = fault.mm().prepareAnonVma(fault.vma());
        if (!isStill(leaf, fault, entry)) {
            return FaultResult.HANDLED;
        }
        long page = machine.swap().getCached(swap);
        if (page == Page.NONE) {
            page = machine.swap().readIn(swap, fault.vma());
            if (page == Page.NONE) {
                // Out of memory, unless somebody else was faster and the entry is another.
                return isStill(leaf, fault, entry)
                        ? FaultResult.OUT_OF_MEMORY
                        : FaultResult.HANDLED;
            }
            machine.vmStat().count(VmStat.Event.PGMAJFAULT, 1);
        }
        FolioTable folios = machine.folios();
        folios.lock(page);
        FaultResult result = FaultResult.HANDLED;
        boolean mapped = false;
        if (folios.hasFlag(page, FolioFlags.SWAPCACHE) && folios.swapEntry(page) == swap) {
            if (folios.hasFlag(page, FolioFlags.HWPOISON)) {
                result = isStill(leaf, fault, entry) ? FaultResult.HWPOISON : result;
            } else if (!folios.hasFlag(page, FolioFlags.UPTODATE)) {
                result = isStill(leaf, fault, entry) ? FaultResult.SIGBUS : result;
            } else if (SwapInCopy.isNeeded(folios, page, pageIndex(fault), anonVma)) {
                result = mapCopy(fault, leaf, entry, page, anonVma);
            } else {
                mapped = map(fault, leaf, entry, page, anonVma);
            }
        }
        folios.unlock(page);
        if (!mapped) {
            machine.put(page);
        }
        return result;
    }

    private static boolean isStill(PageTableLeaf leaf, PageFault fault, long entry) {
        leaf.lock();
        boolean still = leaf.entryLocked(PageTableLeaf.slot(fault.address())) == entry;
        leaf.unlock();
        return still;
    }

    private static long pageIndex(PageFault fault) {
        return fault.vma().pageIndex(fault.address());
    }

    /// Maps a copy of the folio, which is of no more use when no other place needs it.
    private static FaultResult mapCopy(
            PageFault fault, PageTableLeaf leaf, long entry, long page, AnonVma anonVma) {
        long copy = SwapInCopy.of(fault, page);
        if (copy == Page.NONE) {
            return FaultResult.OUT_OF_MEMORY;
        }
        Machine machine = fault.mm().machine();
        if (!map(fault, leaf, entry, copy, anonVma)) {
            machine.put(copy);
        } else if (machine.folios().mapCount(page) == 0) {
            boolean _ = machine.swap().freeCache(page);
        }
        return FaultResult.HANDLED;
    }

    /// Maps the locked folio, or a copy of it that nobody knows; the caller's reference becomes the
    /// mapping's. A merged page is never exclusive, and keeps its reverse map.
    ///
    /// @return false if the entry has changed
    private static boolean map(
            PageFault fault, PageTableLeaf leaf, long entry, long page, AnonVma anonVma) {
        Machine machine = fault.mm().machine();
        FolioTable folios = machine.folios();
        long swap = SwapEntry.ofPageTableEntry(entry);
        int slot = PageTableLeaf.slot(fault.address());
        leaf.lock();
        if (leaf.entryLocked(slot) != entry) {
            leaf.unlock();
            return false;
        }
        machine.swap().release(swap);
        if (shouldFreeSlot(fault, page)) {
            boolean _ = machine.swap().freeCache(page);
        }
        boolean exclusive =
                !folios.hasFlag(page, FolioFlags.KSM)
                        && (PageTableEntry.isExclusiveSwap(entry) || folios.refCount(page) == 1);
        boolean writable =
                exclusive
                        && fault.vma().isWritable()
                        && !fault.vma().isUffdWp(entry)
                        && !fault.vma().mustNoticeStore(entry);
        if (!folios.isAnonymous(page)) {
            // A page that other processes may map too must be found through all of them.
            folios.setMapping(page, exclusive ? anonVma : anonVma.root(), pageIndex(fault));
        } else if (folios.mapping(page) instanceof StableNode merged) {
            merged.addPlace(anonVma, pageIndex(fault));
        }
        folios.setFlag(page, exclusive ? FolioFlags.ANON_EXCLUSIVE : 0);
        folios.addMapping(page);
        long mapping = PageTableEntry.ofSwappedIn(page, writable, entry);
        if (!fault.vma().isAccessible()) {
            mapping = PageTableEntry.withProtNone(mapping, true);
        } else if (fault.write() && writable) {
            mapping = PageTableEntry.withStore(mapping);
        }
        leaf.setEntryLocked(slot, mapping);
        fault.mm().addRss(RssCounter.SWAP_ENTRIES, -1);
        fault.mm().addRss(RssCounter.ANON, 1);
        leaf.unlock();
        return true;
    }

    /// Whether the slot is of no use any more: swap is short, the page is to stay in memory, or the
    /// page is about to be written and probably belongs to this process alone.
    ///
    /// @kernel mm/memory.c: should_try_to_free_swap
    private static boolean shouldFreeSlot(PageFault fault, long page) {
        Machine machine = fault.mm().machine();
        FolioTable folios = machine.folios();
        if (!folios.hasFlag(page, FolioFlags.SWAPCACHE)) {
            return false;
        }
        return machine.swap().isNearlyFull()
                || (fault.vma().flags() & VmFlags.LOCKED) != 0
                || fault.write()
                        && !folios.hasFlag(page, FolioFlags.KSM)
                        && folios.refCount(page) == 2;
    }
}
