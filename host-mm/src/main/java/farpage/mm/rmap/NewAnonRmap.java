package farpage.mm.rmap;

import farpage.mm.Page;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;

/// The first mapping of a fresh page of anonymous memory, which no other process knows.
///
/// @kernel mm/rmap.c: folio_add_new_anon_rmap; mm/swap.c: folio_add_lru_vma
public final class NewAnonRmap {
    private static final int FRESH =
            FolioFlags.UPTODATE | FolioFlags.SWAPBACKED | FolioFlags.ANON_EXCLUSIVE;

    private NewAnonRmap() {}

    /// Makes the page known by its place and counts the mapping, whose reference the caller gives.
    /// Pages on devices are on no LRU.
    public static void add(Vma vma, long address, long page, AnonVma anonVma) {
        FolioTable folios = vma.mm().machine().folios();
        folios.setMapping(page, anonVma, vma.pageIndex(address));
        folios.setFlag(page, Page.isDevice(page) ? FRESH : FRESH | FolioFlags.LRU);
        folios.addMapping(page);
    }

    /// The same for a large folio that one PMD entry maps.
    ///
    /// @param address of the folio's first page
    public static void addEntire(Vma vma, long address, long page, AnonVma anonVma) {
        FolioTable folios = vma.mm().machine().folios();
        folios.setMapping(page, anonVma, vma.pageIndex(address));
        folios.setFlag(page, Page.isDevice(page) ? FRESH : FRESH | FolioFlags.LRU);
        folios.addEntireMapping(page);
    }

    /// The same for a large folio whose every page is mapped by an entry of its own, with a
    /// reference each.
    ///
    /// @param address of the folio's first page
    public static void addPages(Vma vma, long address, long page, AnonVma anonVma) {
        FolioTable folios = vma.mm().machine().folios();
        int pageCount = folios.pageCount(page);
        folios.setMapping(page, anonVma, vma.pageIndex(address));
        folios.setFlag(page, Page.isDevice(page) ? FRESH : FRESH | FolioFlags.LRU);
        for (int i = 1; i < pageCount; i++) {
            folios.setFlag(page + i, FolioFlags.ANON_EXCLUSIVE);
        }
        folios.addMappings(page, pageCount, 1);
    }
}
