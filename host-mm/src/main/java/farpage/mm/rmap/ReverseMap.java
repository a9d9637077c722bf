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
}
