package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.RemoveMigrationEntries;

/// Phase *finish*: migration entries become mappings again, locks and references are dropped, and
/// what nobody needs any more is freed: the source where the page moved, else the destination.
///
/// @kernel mm/migrate_device.c: __migrate_device_finalize
final class MigrateFinish {
    private final Machine machine;
    private final FolioTable folios;
    private final long faultPage;

    MigrateFinish(Machine machine, long faultPage) {
        this.machine = machine;
        this.folios = machine.folios();
        this.faultPage = faultPage;
    }

    void finish(long[] src, long[] dst, int pageCount) {
        RemoveMigrationEntries removeMigrationEntries = new RemoveMigrationEntries(machine);
        for (int i = 0; i < pageCount; i++) {
            long from = MigratePfn.page(src[i]);
            long to = MigratePfn.page(dst[i]);
            if (from == Page.NONE) {
                dropDestination(to);
                continue;
            }
            if (!MigratePfn.isMigrating(src[i]) || to == Page.NONE) {
                dropDestination(to);
                to = from;
            }
            removeMigrationEntries.restore(from, to);
            drop(to, true);
            if (to != from) {
                drop(from, false);
            }
        }
    }

    private void dropDestination(long page) {
        if (page != Page.NONE) {
            drop(page, false);
        }
    }

    /// Unlocks and lets go. A system page that stays in use goes on the LRU.
    private void drop(long page, boolean inUse) {
        if (inUse && !Page.isDevice(page)) {
            folios.setFlag(page, FolioFlags.LRU);
        }
        if (page != faultPage) {
            folios.unlock(page);
        }
        machine.put(page);
    }
}
