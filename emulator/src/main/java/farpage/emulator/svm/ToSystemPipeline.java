package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.copy.CopyFence;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.copy.PageCopier;
import farpage.emulator.devmem.SystemDestinations;
import farpage.emulator.mirror.DevicePageTable;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Machine;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigratePhase;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.migrate.PhaseClock;
import java.util.List;

/// The way of a device's pages back. Pages that find no system memory stay.
///
/// @kernel lib/test_hmm.c: dmirror_devmem_fault_alloc_and_copy
final class ToSystemPipeline extends MigrationPipeline {
    private final Machine machine;
    private final PageCopier engine;
    private final CopyBatch batch;
    private final PhaseClock clock;

    ToSystemPipeline(Machine machine, PageCopier engine, MigrationSet set, int pageCountMax) {
        super(set);
        this.clock = set.clock();
        this.machine = machine;
        this.engine = engine;
        this.batch = new CopyBatch(pageCountMax);
    }

    @Override
    CopyFence start(ProcessMirror mirror, List<MigrateVma> migrations) {
        batch.clear();
        boolean fails = mirror.takeFailAllocation();
        for (MigrateVma migration : migrations) {
            SystemDestinations.append(
                    machine, migration, fails, mirror.refusesLargeFolios(), batch);
            fails = false;
            eraseMoving(mirror.table(), migration);
        }
        clock.enter(MigratePhase.COPY);
        return engine.startToSystem(batch);
    }

    private static void eraseMoving(DevicePageTable table, MigrateVma migration) {
        table.lock();
        table.lookAheadLocked(migration);
        for (int i = 0; i < migration.pageCount(); ) {
            int first = i;
            long next = migration.pageNumber(i);
            while (i < migration.pageCount()
                    && migration.pageNumber(i) == next
                    && MigratePfn.hasPage(migration.dst(i))) {
                int pageCount = MigratePfn.pageCount(migration.dst(i));
                next += pageCount;
                i += pageCount;
            }
            if (i == first) {
                i += MigratePfn.pageCount(migration.dst(i));
            } else {
                table.eraseLocked(migration.pageNumber(first), next);
            }
        }
        table.unlock();
    }

    @Override
    long settle(ProcessMirror mirror, MigrateVma migration, CopyResult result) {
        if (!result.isCopied()) {
            SystemDestinations.drop(machine, migration, result);
        }
        migration.pages();
        return migration.migratedCount();
    }
}
