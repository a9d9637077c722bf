package farpage.mm.rmap;

/// What a folio's mapping points to: it knows every VMA that may map the pages of one owner.
///
/// @kernel mm/rmap.c: rmap_walk
public interface ReverseMap {
    /// Whether its pages belong to processes, and not to a file.
    ///
    /// @kernel include/linux/page-flags.h: folio_test_anon
    default boolean isAnonymous() {
        return true;
    }

    /// Visits each address at which the page of an index may be mapped. The folio is locked, so it
    /// keeps its mapping and its index.
    void walk(long pageIndex, RmapVisitor visitor);

    /// Visits each VMA that may map some of the pages of consecutive indices.
    ///
    /// @param pageCount more than one only where folios may be large
    /// @kernel mm/rmap.c: rmap_walk, of a large folio
    default void walk(long firstIndex, int pageCount, RmapRangeVisitor visitor) {
        assert pageCount == 1;
        walk(firstIndex, (vma, address) -> visitor.visit(vma, address, 0, 1));
    }
}
