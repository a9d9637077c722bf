package farpage.emulator.svm;

import farpage.emulator.copy.CopyBatch;
import farpage.emulator.devmem.DeviceMemory;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.MigratePfn;
import farpage.mm.migrate.MigrateVma;

/// Device folios for what is to migrate to the device: for each source one of its order; where
/// there is none, smaller ones, from the highest order that the device uses down to base pages.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_alloc_and_copy
final class DeviceDestinations {
    private final DeviceMemory memory;
    private final FolioTable folios;
    private final CopyBatch batch;

    /// Base pages that were allocated together, so that they lie in a row.
    private final long[] basePages;

    private final long[] one = new long[1];

    /// Base pages for one large source.
    private final long[] pieces = new long[PageSize.ENTRIES_PER_TABLE];

    private int baseCount;
    private int baseUsed;
    private boolean failsNext;

    /// @param batch takes the pairs to copy
    /// @param pageCountMax the most base pages of migrations that are under way together
    DeviceDestinations(Machine machine, DeviceMemory memory, CopyBatch batch, int pageCountMax) {
        this.memory = memory;
        this.folios = machine.folios();
        this.batch = batch;
        this.basePages = new long[pageCountMax];
    }

    /// Fills the destinations of the migrations of a set from an index on, and an empty batch.
    ///
    /// @param fails whether the first source is to find no memory of its size
    void fill(ProcessMirror mirror, MigrationSet set, int from, boolean fails) {
        failsNext = fails;
        batch.clear();
        baseUsed = 0;
        baseCount = memory.allocate(basePages, basePagesWanted(set, from), 0);
        for (int i = from; i < set.size(); i++) {
            fill(mirror, set.get(i));
        }
        assert baseUsed == baseCount;
    }

    /// Sources that are base pages, but for the one that finds no memory.
    private int basePagesWanted(MigrationSet set, int from) {
        int wanted = 0;
        boolean fails = failsNext;
        for (int i = from; i < set.size(); i++) {
            MigrateVma migration = set.get(i);
            int pageCount = migration.pageCount();
            for (int at = 0; at < pageCount; at += MigratePfn.pageCount(migration.src(at))) {
                long word = migration.src(at);
                if (MigratePfn.isMigrating(word)) {
                    wanted += fails || MigratePfn.isCompound(word) ? 0 : 1;
                    fails = false;
                }
            }
        }
        return wanted;
    }

    private void fill(ProcessMirror mirror, MigrateVma migration) {
        for (int i = 0; i < migration.pageCount(); i += MigratePfn.pageCount(migration.src(i))) {
            long word = migration.src(i);
            if (!MigratePfn.isMigrating(word)) {
                continue;
            }
            boolean fails = failsNext;
            failsNext = false;
            if (MigratePfn.isCompound(word)) {
                fillLarge(mirror, migration, i, fails);
            } else if (!fails && baseUsed < baseCount) {
                store(mirror, migration, i, word, MigratePfn.page(word), basePages[baseUsed++], 0);
            }
        }
    }

    /// One large source. Smaller destinations have the core cut it.
    private void fillLarge(ProcessMirror mirror, MigrateVma migration, int at, boolean fails) {
        long word = migration.src(at);
        int sourceOrder = MigratePfn.order(word);
        boolean refused = mirror.refusesLargeFolios();
        if (!fails && !refused && tryStore(mirror, migration, at, word, 0, sourceOrder)) {
            return;
        }
        // All pieces must be of one size, so each lower one is tried for all of them.
        int order = sourceOrder;
        int done = 0;
        while (done == 0 && order > 0) {
            order = refused ? 0 : memory.orders().below(order);
            if (order == 0) {
                storePieces(mirror, migration, at, word);
                return;
            }
            while (done < 1 << sourceOrder && tryStore(mirror, migration, at, word, done, order)) {
                done += 1 << order;
            }
        }
    }

    /// Base pages, as many as there are, for the pages of one large source.
    private void storePieces(ProcessMirror mirror, MigrateVma migration, int at, long word) {
        int allocated = memory.allocate(pieces, MigratePfn.pageCount(word), 0);
        long source = MigratePfn.page(word);
        for (int i = 0; i < allocated; i++) {
            long from = source == Page.NONE ? Page.NONE : source + i;
            store(mirror, migration, at + i, word, from, pieces[i], 0);
        }
    }

    /// @param done pages of the source that have their destination
    private boolean tryStore(
            ProcessMirror mirror, MigrateVma migration, int at, long word, int done, int order) {
        if (memory.allocate(one, 1, order) == 0) {
            return false;
        }
        long source = MigratePfn.page(word);
        store(
                mirror,
                migration,
                at + done,
                word,
                source == Page.NONE ? Page.NONE : source + done,
                one[0],
                order);
        return true;
    }

    private void store(
            ProcessMirror mirror,
            MigrateVma migration,
            int i,
            long word,
            long source,
            long to,
            int order) {
        folios.setZoneDeviceData(to, mirror);
        long destination = MigratePfn.ofFolio(to, order);
        migration.setDst(
                i, MigratePfn.isWritable(word) ? MigratePfn.withWrite(destination) : destination);
        batch.add(source, to, 1 << order);
    }
}
