package farpage.mm.migrate;

import farpage.mm.Errno;
import farpage.mm.Machine;

/// An ordinary migration: folios of the system, wherever they are mapped, go to other folios of the
/// system that the caller chooses. Nothing but where the contents lie changes for anybody.
///
/// Batch by batch: [UnmapFolios], then [CopyFolios] if the machine copies in batches
/// ([MigrateOffload]), then [MoveFolios]. A folio that cannot go on is put back; nothing is unwound
/// for the others.
///
/// What could not be had without waiting is tried a few times; a migration that may wait then takes
/// each such folio by itself, since a second folio's lock must not be waited for.
///
/// @kernel mm/migrate.c: migrate_pages, migrate_pages_sync
public final class MigrateFolios {
    /// How often a batch tries a folio.
    ///
    /// @kernel mm/migrate.c: NR_MAX_MIGRATE_ASYNC_RETRY
    static final int ASYNC_PASSES = 3;

    /// How often a folio is tried by itself.
    ///
    /// @kernel mm/migrate.c: NR_MAX_MIGRATE_SYNC_RETRY
    static final int SYNC_PASSES = 7;

    private final Machine machine;
    private final FolioDestinations destinations;
    private final boolean mayWait;
    private MigrateTimes times = MigrateTimes.NONE;

    /// @param destinations where each folio goes
    /// @param mayWait whether folio locks are waited for
    public MigrateFolios(Machine machine, FolioDestinations destinations, boolean mayWait) {
        this.machine = machine;
        this.destinations = destinations;
        this.mayWait = mayWait;
    }

    /// Measures what the time is spent with.
    public MigrateFolios timedBy(MigrateTimes migrateTimes) {
        times = migrateTimes;
        return this;
    }

    /// Migrates all of them. The caller holds no folio lock and nothing inner, and neither the mmap
    /// lock of a process nor any other that a fault may wait for while it has a folio.
    ///
    /// @param isolated afterwards none is isolated any more, and each has a result
    public MigrateFoliosResult migrate(IsolatedFolios isolated) {
        isolated.take();
        MigrateLedger ledger = new MigrateLedger(machine, isolated);
        for (int i = 0; i < isolated.count(); i++) {
            ledger.waiting.add(isolated.page(i), i);
        }
        MigrateOffload offload = machine.folioMigration().offload();
        FolioBatch batch = new FolioBatch();
        UnmapFolios unmap = new UnmapFolios(machine, destinations, ledger, times);
        CopyFolios copy = new CopyFolios(machine, offload);
        MoveFolios move = new MoveFolios(machine, destinations, ledger, times);
        while (!ledger.waiting.isEmpty() || !ledger.deferred.isEmpty()) {
            boolean alone = ledger.waiting.isEmpty();
            batch.clear();
            if (alone) {
                takeFirst(ledger.deferred, batch);
            } else {
                fill(batch, ledger.waiting, offload.batchPages());
            }
            int passes = alone ? SYNC_PASSES : ASYNC_PASSES;
            times.begin();
            unmap.run(batch, passes, alone);
            times.end(FolioPhase.UNMAP);
            if (offload.mode() == FolioCopyMode.BATCH) {
                copy.run(batch);
                times.end(FolioPhase.COPY);
            }
            move.run(batch, passes);
            rest(batch, ledger, alone);
            times.end(FolioPhase.MOVE);
        }
        return ledger.result();
    }

    private static void takeFirst(FolioQueue queue, FolioBatch batch) {
        batch.add(queue.firstPage(), queue.firstOrigin());
        queue.removeFirst();
    }

    private void fill(FolioBatch batch, FolioQueue queue, int pageCount) {
        for (int pages = 0; pages < pageCount && !queue.isEmpty(); ) {
            pages += machine.folios().pageCount(queue.firstPage());
            takeFirst(queue, batch);
        }
    }

    /// What is as it was before the batch.
    private void rest(FolioBatch batch, MigrateLedger ledger, boolean wasAlone) {
        for (int i = 0; i < batch.count(); i++) {
            if (batch.step(i) == FolioStep.DONE) {
                continue;
            }
            assert batch.step(i) == FolioStep.ISOLATED : batch.step(i);
            if (mayWait && !wasAlone) {
                ledger.deferred.add(batch.from(i), batch.origin(i));
            } else {
                ledger.failed(batch.from(i), batch.origin(i), Errno.EAGAIN);
            }
        }
    }
}
