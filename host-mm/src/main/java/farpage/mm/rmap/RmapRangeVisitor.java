package farpage.mm.rmap;

import farpage.mm.Vma;

/// What is done at each place where pages of a folio may be mapped. The lock that keeps the places
/// from going away is held.
///
/// @kernel include/linux/rmap.h: struct page_vma_mapped_walk
@FunctionalInterface
public interface RmapRangeVisitor {
    /// Pages that are neighbours in the folio would be neighbours in the VMA.
    ///
    /// @param address of the first of the pages
    /// @param firstPage which page of those asked for that is, from 0
    /// @param pageCount pages that the VMA covers, from that one on
    void visit(Vma vma, long address, int firstPage, int pageCount);
}
