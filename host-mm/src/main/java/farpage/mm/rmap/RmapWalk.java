package farpage.mm.rmap;

import farpage.mm.Machine;

/// Visits every place where a page may be mapped.
///
/// The folio is locked by the caller, so the page keeps its mapping and its index.
///
/// @kernel mm/rmap.c: rmap_walk
public final class RmapWalk {
    private RmapWalk() {}

    public static void walk(Machine machine, long page, RmapVisitor visitor) {
        assert machine.folios().isLocked(page);
        if (machine.folios().mapping(page) instanceof ReverseMap reverseMap) {
            reverseMap.walk(machine.folios().index(page), visitor);
        }
    }

    /// Visits every VMA that may map some of the pages in a row, which belong to one folio or were
    /// just split from one.
    public static void walk(Machine machine, long page, int pageCount, RmapRangeVisitor visitor) {
        assert machine.folios().isLocked(page);
        if (machine.folios().mapping(page) instanceof ReverseMap reverseMap) {
            reverseMap.walk(machine.folios().index(page), pageCount, visitor);
        }
    }
}
