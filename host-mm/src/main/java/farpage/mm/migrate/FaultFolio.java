package farpage.mm.migrate;

import farpage.mm.Page;
import farpage.mm.memory.FolioTable;

/// The folio of the page that a CPU's fault has locked and referenced: a migration neither waits
/// for that lock nor drops it, and counts one reference more.
///
/// @kernel mm/migrate_device.c: fault_folio
final class FaultFolio {
    private FaultFolio() {}

    /// Whether a folio is that one.
    ///
    /// @param faultPage any page of it; [Page#NONE] if no fault asked for the migration
    /// @param head of the folio in question
    static boolean is(FolioTable folios, long faultPage, long head) {
        return faultPage != Page.NONE && folios.head(faultPage) == head;
    }
}
