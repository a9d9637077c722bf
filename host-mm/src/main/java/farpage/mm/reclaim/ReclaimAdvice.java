package farpage.mm.reclaim;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmStat;
import farpage.mm.Vma;
import farpage.mm.file.OpenFile;
import farpage.mm.hugememory.WholeFolioWalk;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.swap.SwapEntry;

/// What a process says about its use of memory to come, as far as reclaim and swap heed it. Pages
/// on devices are never touched.
///
/// The mmap lock is held for reading, and `[start, end)` lies in the VMA.
///
/// @kernel mm/madvise.c
public final class ReclaimAdvice {
    private final Machine machine;
    private final FolioTable folios;
    private final Vma vma;

    /// For advice on parts of one VMA.
    public ReclaimAdvice(Vma vma) {
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.vma = vma;
    }

    /// The folio of system memory on the LRU that the entries map, and nobody else; else
    /// [Page#NONE].
    ///
    /// @param count entries in a row
    private long ownFolio(PageTableLeaf leaf, int count, long entry) {
        if (!PageTableEntry.isPresent(entry) || PageTableEntry.isSpecial(entry)) {
            return Page.NONE;
        }
        long page = PageTableEntry.page(entry);
        boolean own =
                !Page.isDevice(page)
                        && folios.hasFlag(page, FolioFlags.LRU)
                        && folios.mapCount(page) == (leaf.isHugeLocked() ? 1 : count);
        return own ? page : Page.NONE;
    }

    /// The pages are not needed soon: they are the next that reclaim takes. A folio that others map
    /// too stays as it is; one of which only a part is meant is split.
    ///
    /// @kernel mm/madvise.c: MADV_COLD, madvise_cold_or_pageout_pte_range
    public void cold(long start, long end) {
        assert vma.mm().isLocked();
        WholeFolioWalk.walk(vma, start, end, this::coldLocked);
    }

    private void coldLocked(PageTableLeaf leaf, int slot, int count, long entry) {
        long page = ownFolio(leaf, count, entry);
        if (page == Page.NONE) {
            return;
        }
        if (leaf.isHugeLocked()) {
            leaf.setPmdLocked(PageTableEntry.withoutYoung(entry));
        } else {
            for (int i = slot; i < slot + count; i++) {
                leaf.setEntryLocked(i, PageTableEntry.withoutYoung(leaf.entryLocked(i)));
            }
        }
        deactivate(page);
    }

    /// @kernel mm/swap.c: folio_deactivate
    private void deactivate(long page) {
        folios.clearFlag(page, FolioFlags.REFERENCED);
        if (folios.testAndClearFlag(page, FolioFlags.ACTIVE)) {
            folios.setFlag(page, FolioFlags.WORKINGSET);
            machine.vmStat().count(VmStat.Event.PGDEACTIVATE, folios.pageCount(page));
        }
    }

    /// The pages are reclaimed at once. A folio that others map too, or that is in use otherwise,
    /// stays; one of which only a part is meant is split.
    ///
    /// @return the folios that went
    /// @kernel mm/madvise.c: MADV_PAGEOUT
    public long pageOut(long start, long end) {
        assert vma.mm().isLocked();
        long[] found = new long[PageSize.ENTRIES_PER_TABLE];
        long freed = 0;
        for (long at = start; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            int[] count = new int[1];
            WholeFolioWalk.walk(
                    vma,
                    at,
                    stop,
                    (leaf, slot, entries, entry) -> {
                        long page = ownFolio(leaf, entries, entry);
                        if (page != Page.NONE) {
                            deactivate(page);
                            found[count[0]++] = page;
                        }
                    });
            for (int i = 0; i < count[0]; i++) {
                freed += machine.reclaim().reclaimPage(found[i]) ? 1 : 0;
            }
            at = stop;
        }
        return freed;
    }

    /// The pages will be needed: what lies in swap is read into the swap cache, or what lies in the
    /// file into RAM. Nothing is mapped. Private copies of a file's pages stay where they are.
    ///
    /// @kernel mm/madvise.c: madvise_willneed
    public void willNeed(long start, long end) {
        OpenFile file = vma.file();
        if (file == null) {
            swapIn(start, end);
        } else if (!file.mapping().isShmem()) {
            long first = vma.pageIndex(start);
            file.mapping().readAhead(first, first + PageSize.pageNumber(end - start));
        }
    }

    /// @kernel mm/madvise.c: swapin_walk_pmd_entry
    private void swapIn(long start, long end) {
        if (!machine.swap().isInUse()) {
            return;
        }
        for (long address = start; address < end; address += PageSize.PAGE_SIZE) {
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
            if (leaf == null) {
                address = PageTable.leafEnd(address, end) - PageSize.PAGE_SIZE;
                continue;
            }
            long entry = leaf.entryAcquire(PageTableLeaf.slot(address));
            if (!PageTableEntry.isSwap(entry)) {
                continue;
            }
            long swap = SwapEntry.ofPageTableEntry(entry);
            long page = machine.swap().getCached(swap);
            if (page == Page.NONE) {
                page = machine.swap().readIn(swap, vma);
            }
            if (page != Page.NONE) {
                machine.put(page);
            }
        }
    }
}
