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
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Device folios for what is to migrate to the device: for each source one of its order; where
/// there is none, smaller ones, from the highest order that the device uses down to base pages.
///
/// @kernel lib/test_hmm.c: dmirror_migrate_alloc_and_copy
final class DeviceDestinations {
    private final Machine machine;
    private final DeviceMemory memory;
    private final FolioTable folios;
    private final CopyBatch batch;

    /// Base pages that were allocated together, so that they lie in a row.
    private final long[] basePages;

    /// What one large source gets.
    private final long[] pieces = new long[PageSize.ENTRIES_PER_TABLE];

    /// Finds base pages that become one large folio; null if none do.
    private final @Nullable CollapseDestinations collapse;

    private int baseCount;
    private int baseUsed;
    private boolean failsNext;

    /// @param batch takes the pairs to copy
    /// @param pageCountMax the most base pages of migrations that are under way together
    /// @param collapses whether base pages of 2 MiB get one large folio
    DeviceDestinations(
            Machine machine,
            DeviceMemory memory,
            CopyBatch batch,
            int pageCountMax,
            boolean collapses) {
        this.collapse = collapses ? new CollapseDestinations(machine, memory, batch) : null;
        this.machine = machine;
        this.memory = memory;
        this.folios = machine.folios();
        this.batch = batch;
        this.basePages = new long[pageCountMax];
    }

    /// Fills the destinations of migrations, and an empty batch.
    ///
    /// @param fails whether the first source is to find no memory of its size
    void fill(ProcessMirror mirror, List<MigrateVma> migrations, boolean fails) {
        failsNext = fails;
        batch.clear();
        baseUsed = 0;
        int joined = collapse == null || fails ? 0 : collapse.fill(mirror, migrations);
        baseCount = memory.allocate(basePages, basePagesWanted(migrations) - joined, 0, mirror);
        for (MigrateVma migration : migrations) {
            fill(mirror, migration);
        }
        assert baseUsed == baseCount;
    }

    /// Sources that are base pages, but for the one that finds no memory.
    private int basePagesWanted(List<MigrateVma> migrations) {
        int wanted = 0;
        boolean fails = failsNext;
        for (MigrateVma migration : migrations) {
            if (!migration.hasLarge()) {
                int entries = migration.migratingCount();
                wanted += entries - (fails && entries > 0 ? 1 : 0);
                fails &= entries == 0;
                continue;
            }
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
        for (int i = 0; i < migration.pageCount(); i += wordPages(migration, i)) {
            long word = migration.src(i);
            if (!MigratePfn.isMigrating(word) || MigratePfn.hasPage(migration.dst(i))) {
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

    /// The pages that a place of the arrays stands for, by its source or by the large folio that
    /// base pages become.
    static int wordPages(MigrateVma migration, int i) {
        return Math.max(
                MigratePfn.pageCount(migration.src(i)), MigratePfn.pageCount(migration.dst(i)));
    }

    /// One large source. Smaller destinations have the core cut it, so they must all be of one
    /// size: where there is no room for all of its pieces the next smaller size is tried.
    private void fillLarge(ProcessMirror mirror, MigrateVma migration, int at, boolean fails) {
        long word = migration.src(at);
        int sourceOrder = MigratePfn.order(word);
        boolean refused = mirror.refusesLargeFolios();
        int order = sourceOrder;
        int count = fails || refused ? 0 : allocatePieces(mirror, 1, order);
        while (count == 0 && order > 0) {
            order = refused ? 0 : memory.orders().below(order);
            count = allocatePieces(mirror, 1 << (sourceOrder - order), order);
        }
        long source = MigratePfn.page(word);
        for (int i = 0; i < count; i++) {
            int done = i << order;
            long piece = source == Page.NONE ? Page.NONE : source + done;
            store(mirror, migration, at + done, word, piece, pieces[i], order);
        }
    }

    /// All of them, or none; of base pages as many as there are.
    ///
    /// @return how many
    private int allocatePieces(ProcessMirror mirror, int wanted, int order) {
        int count = memory.allocate(pieces, wanted, order, mirror);
        if (count == wanted || order == 0) {
            return count;
        }
        for (int i = 0; i < count; i++) {
            folios.unlock(pieces[i]);
            machine.put(pieces[i]);
        }
        return 0;
    }

    private void store(
            ProcessMirror mirror,
            MigrateVma migration,
            int i,
            long word,
            long source,
            long to,
            int order) {
        if (order > 0) {
            folios.setZoneDeviceData(to, mirror);
        }
        long destination = MigratePfn.ofFolio(to, order);
        migration.setDst(
                i, MigratePfn.isWritable(word) ? MigratePfn.withWrite(destination) : destination);
        batch.add(source, to, 1 << order);
    }
}
