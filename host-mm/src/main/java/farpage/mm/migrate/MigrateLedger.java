package farpage.mm.migrate;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.VmStat;
import farpage.mm.hugememory.HugePageCounters;

/// The books of one ordinary migration: which folios wait, and what became of the others. Every
/// folio is entered here once when a batch is done with it.
///
/// @kernel mm/migrate.c: struct migrate_pages_stats
final class MigrateLedger {
    private final Machine machine;
    private final IsolatedFolios folios;

    /// Folios that wait for a batch.
    final FolioQueue waiting = new FolioQueue();

    /// Folios that no batch could lock or move, for another try each by itself.
    final FolioQueue deferred = new FolioQueue();

    private int migratedPages;
    private int failedPages;
    private int migratedFolios;
    private int failedFolios;
    private int splitFolios;

    MigrateLedger(Machine machine, IsolatedFolios folios) {
        this.machine = machine;
        this.folios = folios;
    }

    /// A folio has moved; its reference is gone.
    void migrated(int order) {
        migratedPages += 1 << order;
        migratedFolios++;
        machine.vmStat().count(VmStat.Event.PGMIGRATE_SUCCESS, 1L << order);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            count(HugePageCounters.Event.MIGRATION_SUCCESS);
        }
    }

    /// A folio stays; it is unlocked, mapped as it was, and goes back on the LRU.
    void failed(long page, int origin, Errno errno) {
        int order = machine.folios().order(page);
        failedPages += 1 << order;
        failedFolios++;
        machine.vmStat().count(VmStat.Event.PGMIGRATE_FAIL, 1L << order);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            count(HugePageCounters.Event.MIGRATION_FAIL);
        }
        folios.failed(origin, errno);
        folios.putBack(page);
    }

    /// Nobody but the migration has the folio any more, which frees it.
    void freed(long page) {
        machine.put(page);
    }

    /// A large folio was cut into base pages, which wait for their turn, each unlocked and with a
    /// reference.
    void split(long head, int order, int origin) {
        splitFolios++;
        machine.folioMigration().count(FolioMigration.Event.SPLIT, 1);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            count(HugePageCounters.Event.MIGRATION_SPLIT);
        }
        for (int i = 0; i < 1 << order; i++) {
            waiting.add(head + i, origin);
        }
    }

    private void count(HugePageCounters.Event event) {
        machine.hugePages().counters().count(event);
    }

    MigrateFoliosResult result() {
        return new MigrateFoliosResult(
                migratedPages, failedPages, migratedFolios, failedFolios, splitFolios);
    }
}
