package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyFence;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.SystemDestinations;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Machine;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigratePhase;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.migrate.PhaseClock;
import java.util.List;

/// The way of pages to a device.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_alloc_and_copy, dmirror_migrate_finalize_and_map
final class ToDevicePipeline extends MigrationPipeline {
    private final Machine machine;
    private final PageCopier engine;
    private final CopyBatch batch;
    private final PhaseClock clock;
    private final DeviceDestinations destinations;
    private final boolean filesMove;

    ToDevicePipeline(
            Machine machine,
            DeviceMemory memory,
            PageCopier engine,
            MigrationSet set,
            int pageCountMax,
            boolean collapses) {
        super(set);
        this.clock = set.clock();
        this.machine = machine;
        this.engine = engine;
        this.filesMove = machine.filesOnDevices().movesPages();
        this.batch = new CopyBatch(pageCountMax);
        this.destinations = new DeviceDestinations(machine, memory, batch, pageCountMax, collapses);
    }

    @Override
    CopyFence start(ProcessMirror mirror, List<MigrateVma> migrations) {
        destinations.fill(mirror, migrations, mirror.takeFailAllocation());
        withdrawWrite(mirror.table(), migrations);
        clock.enter(MigratePhase.COPY);
        return engine.startToDevice(batch);
    }

    /// Until the new entries are in place the device may still load from the old pages, but a store
    /// would be lost. It faults then, and waits for the migration. Where the page of a file will
    /// not move the device keeps what it has.
    private void withdrawWrite(DevicePageTable table, List<MigrateVma> migrations) {
        table.lock();
        if (table.systemEntryCountLocked() > 0) {
            for (MigrateVma migration : migrations) {
                withdrawWriteLocked(table, migration);
            }
        }
        table.unlock();
    }

    private void withdrawWriteLocked(DevicePageTable table, MigrateVma migration) {
        int last = migration.pageCount() - 1;
        if (table.nextPresentLocked(migration.pageNumber(0), migration.pageNumber(last) + 1) < 0) {
            return;
        }
        for (int i = 0; i < migration.pageCount(); ) {
            long source = migration.src(i);
            int pageCount = DeviceDestinations.wordPages(migration, i);
            long page = migration.pageNumber(i);
            if (table.nextPresentLocked(page, page + pageCount) >= 0
                    && MigratePfn.hasMigrated(source)
                    && (filesMove || machine.folios().isAnonymous(MigratePfn.page(source)))
                    && (MigratePfn.isCompound(source) || hasDestination(migration, i))) {
                withdrawWriteLocked(table, page, pageCount);
            }
            i += pageCount;
        }
    }

    private static boolean hasDestination(MigrateVma migration, int i) {
        return MigratePfn.hasPage(migration.dst(i));
    }

    private static void withdrawWriteLocked(DevicePageTable table, long firstPage, int count) {
        for (long page = firstPage; page < firstPage + count; page++) {
            long entry = table.entryLocked(page);
            if (DevicePte.isWritable(entry)) {
                table.setEntryLocked(page, DevicePte.of(DevicePte.page(entry), false));
            }
        }
    }

    @Override
    long settle(ProcessMirror mirror, MigrateVma migration, CopyResult result) {
        if (!result.isCopied()) {
            SystemDestinations.drop(machine, migration, result);
        }
        migration.pages();
        clock.enter(MigratePhase.FINISH);
        return mapOnDevice(mirror.table(), migration);
    }

    /// Pages from an index on that have moved, one after the other on both sides.
    private static int movedTogether(MigrateVma migration, int from) {
        if (!isMoved(migration, from)) {
            return 0;
        }
        int count = MigratePfn.pageCount(migration.src(from));
        if (count > 1) {
            return count;
        }
        int i = from + 1;
        while (i < migration.pageCount()
                && isMoved(migration, i)
                && !MigratePfn.isCompound(migration.src(i))
                && migration.pageNumber(i) == migration.pageNumber(i - 1) + 1
                && MigratePfn.follows(migration.dst(i), migration.dst(i - 1))) {
            i++;
        }
        return i - from;
    }

    private static boolean isMoved(MigrateVma migration, int i) {
        return MigratePfn.isMigrating(migration.src(i)) && MigratePfn.hasPage(migration.dst(i));
    }

    private static long mapOnDevice(DevicePageTable table, MigrateVma migration) {
        long moved = 0;
        table.lock();
        table.lookAheadLocked(migration);
        for (int i = 0; i < migration.pageCount(); ) {
            int pageCount = movedTogether(migration, i);
            if (pageCount == 0) {
                i += MigratePfn.pageCount(migration.src(i));
                continue;
            }
            long to = MigratePfn.page(migration.dst(i));
            boolean writable = MigratePfn.isWritable(migration.dst(i));
            table.setEntriesLocked(migration.pageNumber(i), pageCount, DevicePte.of(to, writable));
            moved += pageCount;
            i += pageCount;
        }
        table.unlock();
        return moved;
    }
}
