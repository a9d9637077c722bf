package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyEngine;
import farpage.emulator.copy.CopyFence;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.devmem.SystemDestinations;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.DevicePte;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateVma;

/// The way of pages to a device.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_alloc_and_copy, dmirror_migrate_finalize_and_map
final class ToDevicePipeline extends MigrationPipeline {
    private final Machine machine;
    private final DeviceMemory memory;
    private final CopyEngine engine;
    private final CopyBatch batch;
    private final long[] devicePages;

    ToDevicePipeline(
            Machine machine,
            DeviceMemory memory,
            CopyEngine engine,
            MigrationSet set,
            int pageCountMax) {
        super(set);
        this.machine = machine;
        this.memory = memory;
        this.engine = engine;
        this.batch = new CopyBatch(pageCountMax);
        this.devicePages = new long[pageCountMax];
    }

    @Override
    CopyFence start(ProcessMirror mirror, MigrationSet set, int from, int pages) {
        int skipped = mirror.takeFailAllocation() ? 1 : 0;
        int allocated = memory.allocate(devicePages, pages - skipped, 0);
        batch.clear();
        int used = 0;
        for (int i = from; i < set.size(); i++) {
            used = fillDestinations(mirror, set.get(i), used, allocated, i == from ? skipped : 0);
            withdrawWrite(mirror.table(), set.get(i));
        }
        assert used == allocated;
        return engine.startToDevice(batch);
    }

    /// Until the new entries are in place the device may still load from the old pages, but a store
    /// would be lost. It faults then, and waits for the migration. The page of a file will not
    /// move, so the device keeps what it has.
    private void withdrawWrite(DevicePageTable table, MigrateVma migration) {
        long first = PageSize.pageNumber(migration.address(0));
        table.lock();
        for (int i = 0; i < migration.pageCount(); i++) {
            if (MigratePfn.hasPage(migration.dst(i)) && MigratePfn.hasPage(migration.src(i))) {
                long entry = table.entryLocked(first + i);
                if (DevicePte.isWritable(entry)
                        && machine.folios().isAnonymous(MigratePfn.page(migration.src(i)))) {
                    table.setEntryLocked(first + i, DevicePte.of(DevicePte.page(entry), false));
                }
            }
        }
        table.unlock();
    }

    /// Hands out the allocated pages in order; what migrates beyond them stays.
    ///
    /// @param skipped how many pages find no memory before the others
    private int fillDestinations(
            ProcessMirror mirror, MigrateVma migration, int used, int allocated, int skipped) {
        int next = used;
        int toSkip = skipped;
        for (int i = 0; i < migration.pageCount() && next < allocated; i++) {
            long word = migration.src(i);
            if (!MigratePfn.isMigrating(word)) {
                continue;
            }
            if (toSkip > 0) {
                toSkip--;
                continue;
            }
            long to = devicePages[next++];
            machine.folios().setZoneDeviceData(to, mirror);
            long destination = MigratePfn.ofPage(to);
            migration.setDst(
                    i,
                    MigratePfn.isWritable(word) ? MigratePfn.withWrite(destination) : destination);
            batch.add(MigratePfn.page(word), to);
        }
        return next;
    }

    @Override
    long settle(ProcessMirror mirror, MigrateVma migration, boolean copied) {
        if (!copied) {
            SystemDestinations.drop(machine, migration);
        }
        migration.pages();
        return mapOnDevice(mirror.table(), migration);
    }

    private static long mapOnDevice(DevicePageTable table, MigrateVma migration) {
        long first = PageSize.pageNumber(migration.address(0));
        long moved = 0;
        table.lock();
        for (int i = 0; i < migration.pageCount(); i++) {
            long to = MigratePfn.page(migration.dst(i));
            if (MigratePfn.isMigrating(migration.src(i)) && to != Page.NONE) {
                boolean writable = MigratePfn.isWritable(migration.dst(i));
                table.setEntryLocked(first + i, DevicePte.of(to, writable));
                moved++;
            }
        }
        table.unlock();
        return moved;
    }
}
