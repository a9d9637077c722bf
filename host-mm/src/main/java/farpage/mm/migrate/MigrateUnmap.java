package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.RemoveMigrationEntries;
import farpage.mm.rmap.TryToMigrate;

/// The second half of *setup*: takes the collected pages off the LRU and out of every other
/// mapping, and puts those back that somebody still uses in a way that can not be moved.
///
/// @kernel mm/migrate_device.c: migrate_device_unmap
final class MigrateUnmap {
    private final Machine machine;
    private final FolioTable folios;
    private final long faultPage;
    private final long[] src;
    private final int pageCount;

    MigrateUnmap(Machine machine, long faultPage, long[] src, int pageCount) {
        this.machine = machine;
        this.folios = machine.folios();
        this.faultPage = faultPage;
        this.src = src;
        this.pageCount = pageCount;
    }

    /// Unmaps the collected pages.
    ///
    /// @return the entries that still migrate
    int unmap() {
        TryToMigrate tryToMigrate = new TryToMigrate(machine);
        int migrating = 0;
        int refused = 0;
        for (int i = 0; i < pageCount; i += MigratePfn.pageCount(src[i])) {
            if (!MigratePfn.isMapped(src[i])) {
                migrating += MigratePfn.isMigrating(src[i]) ? 1 : 0;
                continue;
            }
            src[i] = MigratePfn.withoutMapped(src[i]);
            long page = MigratePfn.page(src[i]);
            if (unmapPage(tryToMigrate, page)) {
                migrating++;
            } else {
                src[i] = MigratePfn.withoutMigrate(src[i]);
                refused++;
            }
        }
        if (refused > 0) {
            restoreRefused();
        }
        return migrating;
    }

    private boolean unmapPage(TryToMigrate tryToMigrate, long page) {
        boolean device = Page.isDevice(page);
        // Isolation takes a reference and the collector's goes: one stays, as it was.
        if (!device && !folios.testAndClearFlag(page, FolioFlags.LRU)) {
            return false;
        }
        if (folios.mapCount(page) > 0) {
            tryToMigrate.unmap(page);
        }
        if (folios.mapCount(page) == 0 && hasExpectedReferences(page)) {
            return true;
        }
        if (!device) {
            folios.setFlag(page, FolioFlags.LRU);
        }
        return false;
    }

    /// Whether nobody holds a reference but this migration and, for the fault page, the core. A
    /// device page is granted one more, as the kernel does; *pages* counts exactly. A file has a
    /// reference to each of its pages, the swap cache to each of its folios.
    ///
    /// @kernel mm/migrate_device.c: migrate_vma_check_page
    private boolean hasExpectedReferences(long page) {
        int expected =
                1
                        + (FaultFolio.is(folios, faultPage, page) ? 1 : 0)
                        + (Page.isDevice(page) ? 1 : 0);
        int unexpected = folios.refCount(page) - expected - folios.mapCount(page);
        return unexpected <= 0 || unexpected <= FileMapping.cacheReferences(folios, page);
    }

    private void restoreRefused() {
        RemoveMigrationEntries removeMigrationEntries = new RemoveMigrationEntries(machine);
        for (int i = 0; i < pageCount; i++) {
            long page = MigratePfn.page(src[i]);
            if (page == Page.NONE || MigratePfn.isMigrating(src[i])) {
                continue;
            }
            removeMigrationEntries.restore(page, page);
            src[i] = MigratePfn.SKIP;
            if (!FaultFolio.is(folios, faultPage, page)) {
                folios.unlock(page);
            }
            machine.put(page);
        }
    }
}
