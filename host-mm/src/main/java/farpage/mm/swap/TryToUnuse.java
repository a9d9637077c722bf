package farpage.mm.swap;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFaultHandler;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Empties a swap area that no slot is taken from any more: swaps everything in that entries name,
/// then drops what only the swap cache keeps.
///
/// @kernel mm/swapfile.c: try_to_unuse
final class TryToUnuse {
    /// A process that forks meanwhile makes more entries; they are found in the next round.
    private static final int ROUND_LIMIT = 16;

    private final Machine machine;
    private final SwapArea area;

    TryToUnuse(Machine machine, SwapArea area) {
        this.machine = machine;
        this.area = area;
    }

    /// Empties the area.
    ///
    /// @return ENOMEM if memory can not take the pages, EBUSY if somebody keeps using the area
    Errno run() {
        for (int round = 0; round < ROUND_LIMIT; round++) {
            for (Mm mm : machine.processes()) {
                Errno errno = swapIn(mm);
                if (!errno.isOk()) {
                    return errno;
                }
            }
            dropCached();
            if (area.nextUsed(1) < 0) {
                return Errno.OK;
            }
        }
        return Errno.EBUSY;
    }

    private Errno swapIn(Mm mm) {
        mm.lockRead();
        try {
            if (mm.isExited()) {
                return Errno.OK;
            }
            long end = PageSize.TASK_SIZE + PageSize.PAGE_SIZE;
            for (long at = mm.pageTable().nextMapped(0, end); at < end; ) {
                long stop = PageTable.leafEnd(at, end);
                Errno errno = swapInLeaf(mm, PageSize.alignDownPmd(at));
                if (!errno.isOk()) {
                    return errno;
                }
                at = mm.pageTable().nextMapped(stop, end);
            }
            return Errno.OK;
        } finally {
            mm.unlockRead();
        }
    }

    private Errno swapInLeaf(Mm mm, long leafStart) {
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(leafStart);
        assert leaf != null;
        for (int slot = 0; slot < PageSize.ENTRIES_PER_TABLE; slot++) {
            long address = leafStart + PageSize.pageAddress(slot);
            if (!isHere(leaf.entryAcquire(slot))) {
                continue;
            }
            Vma vma = mm.lookupVma(address);
            assert vma != null : "a swap entry where nothing is mapped";
            FaultResult result = PageFaultHandler.handleLocked(vma, address, false);
            if (result == FaultResult.OUT_OF_MEMORY) {
                return Errno.ENOMEM;
            }
            if (result.isError()) {
                poison(mm, leaf, slot);
            }
        }
        return Errno.OK;
    }

    /// What can not be read is lost: an access there will end in HWPOISON.
    ///
    /// @kernel mm/swapfile.c: unuse_pte
    private void poison(Mm mm, PageTableLeaf leaf, int slot) {
        leaf.lock();
        long entry = leaf.entryLocked(slot);
        if (isHere(entry)) {
            long swap = SwapEntry.ofPageTableEntry(entry);
            long page = machine.swap().getCached(swap);
            boolean broken =
                    page != Page.NONE && machine.folios().hasFlag(page, FolioFlags.HWPOISON);
            leaf.setEntryLocked(
                    slot,
                    broken
                            ? PageTableEntry.ofHwPoison(page)
                            : PageTableEntry.ofMarker(PageTableEntry.MARK_POISONED));
            mm.addRss(RssCounter.SWAP_ENTRIES, -1);
            machine.swap().release(swap);
            if (page != Page.NONE) {
                machine.put(page);
            }
        }
        leaf.unlock();
    }

    private boolean isHere(long entry) {
        return PageTableEntry.isSwap(entry) && PageTableEntry.type(entry) == area.number();
    }

    private void dropCached() {
        for (int slot = area.nextUsed(1); slot >= 0; slot = area.nextUsed(slot + 1)) {
            long page = area.get(slot);
            if (page != Page.NONE) {
                machine.folios().lock(page);
                boolean _ = machine.swap().freeCache(page);
                machine.folios().unlock(page);
                machine.put(page);
            }
        }
    }
}
