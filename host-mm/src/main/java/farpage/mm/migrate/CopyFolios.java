package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioTable;

/// The second phase of an ordinary migration in batches: the contents of all folios that need
/// nothing special are copied in one step, and each is marked, so that its move does not copy.
/// Folios without the mark are copied when they move, as without batches.
///
/// A folio that somebody holds is kept out, though its holder may have let go when it moves: what
/// the holder writes after the copy would be lost. Who is not held can not be reached any more,
/// since nothing maps it, and its file and the swap cache wait for its lock.
///
/// @kernel mm/migrate.c: folios_mc_copy
final class CopyFolios {
    private static final int COPY_ATTEMPT_PAGES = MigrateOffload.BATCH_PAGES_DEFAULT;

    private final Machine machine;
    private final FolioTable folios;
    private final FolioMigration counters;
    private final MigrateOffload offload;
    private final FolioPairs pairs = new FolioPairs(COPY_ATTEMPT_PAGES);

    CopyFolios(Machine machine, MigrateOffload offload) {
        this.machine = machine;
        this.folios = machine.folios();
        this.counters = machine.folioMigration();
        this.offload = offload;
    }

    /// Copies, and marks what was copied.
    void run(FolioBatch batch) {
        collect(batch);
        if (pairs.count() == 0 || !copy()) {
            return;
        }
        int next = 0;
        for (int i = 0; i < batch.count() && next < pairs.count(); i++) {
            if (batch.step(i) == FolioStep.UNMAPPED && batch.from(i) == pairs.source(next)) {
                batch.copied(i);
                next++;
            }
        }
        assert next == pairs.count();
    }

    private void collect(FolioBatch batch) {
        pairs.clear();
        int keptOut = 0;
        for (int i = 0; i < batch.count(); i++) {
            if (batch.step(i) != FolioStep.UNMAPPED) {
                continue;
            }
            long from = batch.from(i);
            if (mayCopyAhead(from)) {
                pairs.add(from, batch.to(i), folios.pageCount(from));
            } else {
                keptOut++;
            }
        }
        counters.count(FolioMigration.Event.KEPT_OUT, keptOut);
    }

    /// A page of a file on disk is its file system's to move.
    private boolean mayCopyAhead(long from) {
        boolean ofDisk = folios.mapping(from) instanceof FileMapping file && !file.isShmem();
        return !ofDisk && isHeldByNobody(folios, from);
    }

    /// Whether only the migration has references to an unmapped folio, and its file or the swap
    /// cache.
    ///
    /// @kernel mm/migrate.c: folio_expected_ref_count
    static boolean isHeldByNobody(FolioTable folios, long page) {
        return folios.refCount(page) == 1 + FileMapping.cacheReferences(folios, page);
    }

    /// @return false if nobody copied
    private boolean copy() {
        int pageCount = pairs.pageCount();
        if (offload.offload().isEmpty()) {
            for (int i = 0; i < pairs.count(); i++) {
                copyByCpu(machine, pairs.source(i), pairs.destination(i), pairs.length(i));
            }
            counters.count(FolioMigration.Event.BATCH_COPIED_PAGES, pageCount);
            return true;
        }
        return switch (offload.offload().get().copy(pairs)) {
            case COPIED -> {
                counters.count(FolioMigration.Event.OFFLOADED_BATCHES, 1);
                counters.count(FolioMigration.Event.OFFLOADED_PAGES, pageCount);
                yield true;
            }
            case BUSY -> {
                counters.count(FolioMigration.Event.OFFLOAD_BUSY, 1);
                yield false;
            }
            case FAILED -> {
                counters.count(FolioMigration.Event.OFFLOAD_FAILED, 1);
                yield false;
            }
        };
    }

    /// Copies one folio.
    ///
    /// @kernel mm/util.c: folio_mc_copy
    static void copyByCpu(Machine machine, long from, long to, int pageCount) {
        for (int i = 0; i < pageCount; i++) {
            machine.ram().copy(from + i, to + i);
        }
    }
}
