package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.Evictor;
import farpage.emulator.devmem.SystemDestinations;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;

/// Joins base pages that lie anywhere on a device into large folios: their bytes are copied within
/// the device, and one entry maps them from then on. It is a migration from the device to itself, 2
/// MiB at a time.
///
/// @kernel mm/khugepaged.c: collapse_huge_page
final class DeviceCollapse {
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;
    private static final int PAGES = PageSize.ENTRIES_PER_TABLE;

    private final Machine machine;
    private final DeviceMemory memory;
    private final Evictor evictor;
    private final PageCopier engine;
    private final CopyBatch batch = new CopyBatch(PAGES);
    private final CollapseDestinations destinations;
    private final MigrateVma migration;

    DeviceCollapse(
            Machine machine,
            DeviceMemory memory,
            Evictor evictor,
            PageCopier engine,
            Object owner) {
        this.machine = machine;
        this.memory = memory;
        this.evictor = evictor;
        this.engine = engine;
        this.destinations = new CollapseDestinations(machine, memory, batch);
        this.migration =
                new MigrateVma(
                                PAGES,
                                MigrateSelect.DEVICE_PRIVATE,
                                owner,
                                Page.NONE,
                                memory.orders())
                        .collapsing(true);
    }

    /// Joins what can be joined. The `DRIVER_SVM` lock is held, and nothing else.
    ///
    /// @return nothing joined where the device has no folios of that size
    MigrationResult collapse(ProcessMirror mirror, long start, long end) {
        if (!memory.orders().contains(ORDER)) {
            return new MigrationResult(Errno.OK, 0);
        }
        long joined = 0;
        Errno errno = Errno.OK;
        long first = PageSize.alignDownPmd(start + PageSize.PMD_SIZE - 1);
        for (long at = first;
                errno.isOk() && at + PageSize.PMD_SIZE <= end;
                at += PageSize.PMD_SIZE) {
            if (memory.freePageCount(ORDER) == 0) {
                evictor.gather(PAGES, ORDER, true);
            }
            Mm mm = mirror.mm();
            mm.lockRead();
            mirror.beginMigration();
            try {
                Vma vma = mm.isExited() ? null : mm.lookupVma(at);
                if (vma == null || !vma.isReadable()) {
                    errno = Errno.EINVAL;
                } else if (at + PageSize.PMD_SIZE <= vma.end()) {
                    errno = migration.setup(vma, at, at + PageSize.PMD_SIZE);
                    if (errno.isOk()) {
                        errno = join(mirror);
                        joined += errno.isOk() && isJoined() ? PAGES : 0;
                        migration.finish();
                    }
                }
            } finally {
                mirror.endMigration();
                mm.unlockRead();
            }
        }
        return new MigrationResult(errno, joined);
    }

    /// Whether the migration, which is not finished yet, has joined its pages.
    private boolean isJoined() {
        return MigratePfn.hasMigrated(migration.src(0))
                && MigratePfn.order(migration.src(0)) == ORDER;
    }

    /// Copies and joins what was collected. The migration is to be finished.
    ///
    /// The device's entries go before the copy: a store to an old page would be lost. The device
    /// faults then, and waits for the migration.
    private Errno join(ProcessMirror mirror) {
        batch.clear();
        if (!destinations.isWhole(migration, 0) || !destinations.tryFill(mirror, migration, 0)) {
            migration.pages();
            return Errno.OK;
        }
        DevicePageTable table = mirror.table();
        long number = migration.pageNumber(0);
        table.lock();
        table.eraseLocked(number, number + PAGES);
        table.unlock();
        CopyResult result = engine.withinDevice(batch);
        if (!result.isCopied()) {
            SystemDestinations.drop(machine, migration, result);
        }
        migration.pages();
        if (isJoined()) {
            long to = MigratePfn.page(migration.dst(0));
            boolean writable = MigratePfn.isWritable(migration.dst(0));
            table.lock();
            table.setEntriesLocked(number, PAGES, DevicePte.of(to, writable));
            table.unlock();
        }
        return result.isCopied() ? Errno.OK : Errno.EIO;
    }
}
