package farpage.mm.rmap;

import farpage.mm.Machine;
import farpage.mm.memory.FolioTable;

/// Takes mappings away from the counts of their folio. A large folio of which a page is mapped
/// nowhere any more, while others are, is worth splitting: it is noted, so that memory that is
/// short can be got back from it.
///
/// What is removed in one call is removed at once: a folio that loses all its mappings so was never
/// mapped in part.
///
/// @kernel mm/rmap.c: folio_remove_rmap_ptes, folio_remove_rmap_pmd
public final class RemoveRmap {
    private RemoveRmap() {}

    /// One entry that maps the page.
    public static void page(Machine machine, long page) {
        machine.folios().removeMapping(page);
        if (machine.folios().isLarge(page)) {
            noteUnmapped(machine, page, 1);
        }
    }

    /// One entry for each of several pages in a row of one folio.
    public static void pages(Machine machine, long firstPage, int pageCount) {
        machine.folios().addMappings(firstPage, pageCount, -1);
        if (machine.folios().isLarge(firstPage)) {
            noteUnmapped(machine, firstPage, pageCount);
        }
    }

    /// The one entry that maps the whole folio. Some of its pages may be mapped by entries of their
    /// own too.
    public static void entire(Machine machine, long page) {
        FolioTable folios = machine.folios();
        folios.removeEntireMapping(page);
        if (folios.mapCount(page) > 0) {
            noteUnmapped(machine, folios.head(page), folios.pageCount(page));
        }
    }

    private static void noteUnmapped(Machine machine, long firstPage, int pageCount) {
        FolioTable folios = machine.folios();
        if (folios.mapCount(firstPage) == 0) {
            return;
        }
        for (long page = firstPage; page < firstPage + pageCount; page++) {
            if (folios.pageMapCount(page) == 0) {
                machine.hugePages().deferredSplit().add(firstPage);
                return;
            }
        }
    }
}
