package farpage.mm.gup;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.migrate.MigrateCoherentFolio;

/// Sees to it that pages pinned for long lie where they may stay: device-coherent memory belongs to
/// its driver, so such a page moves to system memory first.
///
/// @kernel mm/gup.c: check_and_migrate_movable_pages
final class LongtermPins {
    private LongtermPins() {}

    /// Whether a page may be held for long where it is.
    ///
    /// @kernel include/linux/mm.h: folio_is_longterm_pinnable
    static boolean isPinnable(long page) {
        return !Page.isDevice(page);
    }

    static boolean arePinnable(long[] pages, int count) {
        for (int i = 0; i < count; i++) {
            if (!isPinnable(pages[i])) {
                return false;
            }
        }
        return true;
    }

    /// Lets go of all the pins, and moves the pages that may not stay. The mmap lock is held.
    ///
    /// @return OK: pin again; EBUSY if a page can not move
    /// @kernel mm/gup.c: migrate_longterm_unpinnable_folios
    static Errno moveAway(Machine machine, long[] pages, int count) {
        Errno errno = Errno.OK;
        for (int i = 0; i < count; i++) {
            long page = pages[i];
            if (isPinnable(page) || !errno.isOk()) {
                GetUserPages.unpin(machine, page);
                continue;
            }
            // A pinned page would not move: its pin becomes a reference, which goes with the move.
            machine.folios().get(page);
            machine.unpin(page);
            errno = MigrateCoherentFolio.migrate(machine, page);
        }
        return errno;
    }
}
