package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.file.FileMapping;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Maps with one fault the pages of a file around the place, as far as they are in RAM with their
/// contents, nobody has them locked, and nothing is mapped there yet.
///
/// @kernel mm/memory.c: do_fault_around; mm/filemap.c: filemap_map_pages
final class FaultAround {
    /// Pages of the window: 64 KiB. It begins at a multiple of its size, or where the mapping does;
    /// then it reaches past the next multiple.
    ///
    /// @kernel mm/memory.c: fault_around_pages
    private static final int PAGES = 16;

    private FaultAround() {}

    /// Maps what is there.
    ///
    /// @return whether the page of the fault itself was mapped
    static boolean map(PageFault fault, PageTableLeaf leaf, FileMapping file) {
        Vma vma = fault.vma();
        if (vma.hasUffdWp()) {
            return false; // a page mapped in passing would be missed by userfaultfd
        }
        long window = PageSize.pageAddress(PAGES);
        long start = Math.max(fault.address() & -window, vma.start());
        long end = PageTable.leafEnd(start, Math.min(start + window, vma.end()));
        boolean mapped = false;
        long firstIndex = vma.pageIndex(start);
        long endIndex = Math.min(firstIndex + PageSize.pageNumber(end - start), file.pageCount());
        for (long index = file.nextCached(firstIndex, endIndex);
                index < endIndex;
                index = file.nextCached(index + 1, endIndex)) {
            long address = vma.addressOfIndex(index);
            mapped |= mapPage(vma, leaf, address, file, index) && address == fault.address();
        }
        return mapped;
    }

    private static boolean mapPage(
            Vma vma, PageTableLeaf leaf, long address, FileMapping file, long index) {
        long page = file.tryLockCached(index);
        if (page == Page.NONE) {
            return false;
        }
        Machine machine = vma.mm().machine();
        leaf.lock();
        boolean vacant = PageTableEntry.isNone(leaf.entryLocked(PageTableLeaf.slot(address)));
        if (vacant) {
            vma.mm().addRss(FileFault.install(vma, leaf, address, page, false), 1);
        }
        leaf.unlock();
        machine.folios().unlock(page);
        machine.put(page);
        return vacant;
    }
}
