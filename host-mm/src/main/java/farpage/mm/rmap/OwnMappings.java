package farpage.mm.rmap;

import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// How many mappings of a folio belong to one process, wherever in it they are. A huge mapping is
/// one.
///
/// Each page of a large anonymous folio is mapped at most once in a process, so what is left of all
/// mappings is other processes'.
///
/// @kernel include/linux/mm.h: folio_maybe_mapped_shared; include/linux/rmap.h: struct folio,
///   _mm_id_mapcount
public final class OwnMappings {
    private final Mm mm;
    private final FolioTable folios;
    private int count;

    private OwnMappings(Mm mm) {
        this.mm = mm;
        this.folios = mm.machine().folios();
    }

    /// Counts them. The folio is locked and no leaf is.
    public static int count(Mm mm, long page) {
        OwnMappings own = new OwnMappings(mm);
        long head = own.folios.head(page);
        RmapWalk.walk(
                mm.machine(),
                head,
                own.folios.pageCount(head),
                (vma, address, first, pages) -> own.count(vma, address, head + first, pages));
        return own.count;
    }

    /// Whether other processes map the folio too. It is locked and no leaf is.
    public static boolean isMappedShared(Mm mm, long page) {
        int mappings = mm.machine().folios().mapCount(page);
        return mappings > 1 && count(mm, page) < mappings;
    }

    private void count(Vma vma, long address, long firstPage, int pageCount) {
        if (vma.mm() != mm) {
            return;
        }
        long end = address + PageSize.pageAddress(pageCount);
        for (long at = address; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = mm.pageTable().lookupLeaf(at);
            if (leaf != null && leaf.lockIfAlive()) {
                countLocked(leaf, at, stop, firstPage + PageSize.pageNumber(at - address));
                leaf.unlock();
            }
            at = stop;
        }
    }

    private void countLocked(PageTableLeaf leaf, long start, long end, long firstPage) {
        if (leaf.isHugeLocked()) {
            count += maps(leaf.pmdLocked(), folios.head(firstPage)) ? 1 : 0;
            return;
        }
        long page = firstPage;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE, page++) {
            count += maps(leaf.entryLocked(PageTableLeaf.slot(at)), page) ? 1 : 0;
        }
    }

    /// What is counted as a mapping: migration and swap entries are not.
    private static boolean maps(long entry, long page) {
        boolean mapping =
                PageTableEntry.isPresent(entry)
                        ? !PageTableEntry.isSpecial(entry)
                        : PageTableEntry.isDevicePrivate(entry)
                                || PageTableEntry.isDeviceExclusive(entry);
        return mapping && PageTableEntry.page(entry) == page;
    }
}
