package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.Vma;
import farpage.mm.file.FileMapping;
import farpage.mm.ksm.StableNode;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;

/// Moves what is known about a folio to the one that its contents are in now: place, flags, charge,
/// and the reference that its file or the swap cache has to it. Both are locked and of one size;
/// nothing maps the source.
///
/// @kernel mm/migrate.c: folio_migrate_mapping, folio_migrate_flags
final class MoveFolioState {
    private final Machine machine;
    private final FolioTable folios;

    /// Whether stores to the mapping that the folios were collected from are the file's.
    private boolean isShared;

    MoveFolioState(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// The folios that follow are those of a VMA.
    void collectedFrom(Vma vma) {
        isShared = vma.isShared();
    }

    /// Moves all of it.
    ///
    /// @param expected references to the source beside those of a file or the swap cache
    /// @return false, and nothing changed, if there are others, or the folio has to stay
    boolean move(long from, long to, int expected) {
        int references = folios.refCount(from);
        if (references != expected) {
            return references == expected + FileMapping.cacheReferences(folios, from)
                    && moveCached(from, to, references);
        }
        // A page whose last mapping went by itself is still marked exclusive; the mark stays
        // behind.
        assert !folios.hasFlag(to, FolioFlags.ANON_EXCLUSIVE);
        migrateState(from, to);
        moveCharge(from, to);
        return true;
    }

    /// Place and flags alone.
    void migrateState(long from, long to) {
        folios.migrateState(from, to);
        if (folios.hasFlag(to, FolioFlags.KSM) && folios.mapping(to) instanceof StableNode merged) {
            merged.migrated(to);
        }
    }

    /// A page that its file, or the swap cache, has a reference to, which moves with it. The swap
    /// cache can not have a page on a device: it leaves that first, if no swap entry needs it
    /// there. A file can, if the machine was told so, and the page was collected from a shared
    /// mapping.
    private boolean moveCached(long from, long to, int references) {
        if (folios.hasFlag(from, FolioFlags.SWAPCACHE)) {
            if (Page.isDevice(to)) {
                return machine.swap().freeCache(from) && move(from, to, references - 1);
            }
            migrateState(from, to);
            machine.swap().replaceCached(from, to);
        } else if (!(folios.mapping(from) instanceof FileMapping file)
                || Page.isDevice(to) && !(mayBeOnDevice(from) && file.prepareForDevice(from, to))
                || !file.migrate(from, to, references)) {
            return false;
        }
        moveCharge(from, to);
        return true;
    }

    private boolean mayBeOnDevice(long from) {
        return isShared || Page.isDevicePrivate(from);
    }

    void moveCharge(long from, long to) {
        if (machine.memcgs().isEnabled()) {
            machine.memcgs().migrate(from, to);
        }
    }
}
