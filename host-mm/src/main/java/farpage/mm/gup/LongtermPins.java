package farpage.mm.gup;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.Vma;
import farpage.mm.file.FileMapping;
import farpage.mm.file.OpenFile;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.MigrateCoherentFolio;

/// Sees to it that pages pinned for long lie where they may stay: device-coherent memory belongs to
/// its driver, so such a page moves to system memory first.
///
/// @kernel mm/gup.c: check_and_migrate_movable_pages
final class LongtermPins {
    private static final int WRITE_LONGTERM = GupFlags.WRITE | GupFlags.PIN | GupFlags.LONGTERM;

    private LongtermPins() {}

    /// Whether a page may be held for long where it is.
    ///
    /// @kernel include/linux/mm.h: folio_is_longterm_pinnable
    static boolean isPinnable(long page) {
        return !Page.isDevice(page);
    }

    /// Whether pages of a VMA may be written through such pins. Stores to a file that is written
    /// back have to be noticed one by one, and those of a pin's holder can not be.
    ///
    /// @kernel mm/gup.c: writable_file_mapping_allowed
    static boolean mayWrite(Vma vma, int flags) {
        OpenFile file = vma.file();
        return (flags & WRITE_LONGTERM) != WRITE_LONGTERM
                || file == null
                || file.driverMmap() != null
                || !vma.isShared()
                || !vma.isWritable()
                || file.mapping().isShmem();
    }

    /// The same of a page without its VMA.
    ///
    /// @kernel mm/gup.c: gup_fast_folio_allowed
    static boolean mayWrite(FolioTable folios, long page, int flags) {
        return (flags & WRITE_LONGTERM) != WRITE_LONGTERM
                || folios.isAnonymous(page)
                || folios.mapping(page) instanceof FileMapping file && file.isShmem();
    }

    static boolean arePinnable(long[] pages, int count) {
        for (int i = 0; i < count; i++) {
            if (!isPinnable(pages[i])) {
                return false;
            }
        }
        return true;
    }

    /// Lets go of all the pins, and moves the pages that may not stay. A large folio among them is
    /// split instead, so that the next attempt can move its pages. The mmap lock is held.
    ///
    /// @return OK: pin again; EBUSY if a page can not move
    /// @kernel mm/gup.c: migrate_longterm_unpinnable_folios
    static Errno moveAway(Machine machine, long[] pages, int count) {
        // Pinned folios would not move: of each, one pin becomes a reference, which goes with it.
        long[] moving = new long[count];
        int movingCount = 0;
        for (int i = 0; i < count; i++) {
            long page = pages[i];
            if (!isPinnable(page) && !isAmong(machine.folios(), page, moving, movingCount)) {
                machine.folios().get(page);
                moving[movingCount++] = page;
            }
        }
        for (int i = 0; i < count; i++) {
            GetUserPages.unpin(machine, pages[i]);
        }
        Errno errno = Errno.OK;
        for (int i = 0; i < movingCount; i++) {
            if (!errno.isOk()) {
                machine.put(moving[i]);
            } else if (machine.folios().isLarge(moving[i])) {
                errno = split(machine, moving[i]);
            } else {
                errno = MigrateCoherentFolio.migrate(machine, moving[i]);
            }
        }
        return errno;
    }

    /// Whether one of the pages is of the same folio.
    private static boolean isAmong(FolioTable folios, long page, long[] pages, int count) {
        long head = folios.head(page);
        for (int i = count - 1; i >= 0; i--) {
            if (folios.head(pages[i]) == head) {
                return true;
            }
        }
        return false;
    }

    /// Splits a folio to base pages; the reference goes.
    private static Errno split(Machine machine, long page) {
        machine.folios().lock(page);
        boolean split = new SplitFolio(machine).split(page, 0);
        machine.folios().unlock(page);
        machine.put(page);
        return split ? Errno.OK : Errno.EBUSY;
    }
}
