package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.pagetable.PageTableEntry;

/// What the views ask about the page of an entry.
final class MappedPage {
    private MappedPage() {}

    /// The page that an entry names and that mappings are counted on; [Page#NONE] for the zero page
    /// and for entries without a page.
    ///
    /// @kernel mm/memory.c: vm_normal_page; include/linux/leafops.h: softleaf_has_pfn
    static long of(long entry) {
        return PageTableEntry.hasPage(entry) && !PageTableEntry.isSpecial(entry)
                ? PageTableEntry.page(entry)
                : Page.NONE;
    }

    /// Whether the page is anonymous, merged pages included.
    ///
    /// @kernel include/linux/page-flags.h: folio_test_anon
    static boolean isAnonymous(Machine machine, long page) {
        return machine.folios().isAnonymous(page);
    }
}
