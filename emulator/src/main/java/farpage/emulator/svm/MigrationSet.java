package farpage.emulator.svm;

import farpage.mm.Errno;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioOrders;
import farpage.mm.migrate.MigrateSelect;
import farpage.mm.migrate.MigrateVma;
import farpage.mm.migrate.PhaseClock;
import java.util.ArrayList;
import java.util.List;

/// Several migrations of one direction that were collected and wait for the copy that serves them
/// all. Collecting only ever tries folio locks, so holding those of one range while the next is
/// collected can not end in a deadlock.
///
/// The [MigrateVma]s are kept by the size of their arrays, a power of two, and used again.
///
/// @kernel mm/migrate_device.c: the caller's side of several migrate_vma_setup
final class MigrationSet {
    private final MigrateSelect select;
    private final Object owner;
    private final PhaseClock clock;
    private final FolioOrders orders;
    private final boolean collapses;

    /// Those that rest, by the logarithm of the pages that they have room for.
    private final List<List<MigrateVma>> resting = new ArrayList<>();

    private final List<MigrateVma> migrations = new ArrayList<>();
    private int rangePages;

    /// @param collapses whether base pages may get a large folio as their destination
    MigrationSet(
            MigrateSelect select,
            Object owner,
            FolioOrders orders,
            PhaseClock clock,
            boolean collapses) {
        this.collapses = collapses;
        this.select = select;
        this.owner = owner;
        this.orders = orders;
        this.clock = clock;
        for (int sizeClass = 0; sizeClass < Integer.SIZE - 1; sizeClass++) {
            resting.add(new ArrayList<>());
        }
    }

    /// Collects a range of a VMA into the set, unless nothing of it can migrate.
    Errno setup(Vma vma, long start, long end) {
        MigrateVma migration = take(sizeClass((int) PageSize.pageNumber(end - start)));
        return keep(migration, migration.setup(vma, start, end));
    }

    /// The same for pages that lie anywhere in a VMA.
    Errno setup(Vma vma, long[] numbers, int from, int count) {
        MigrateVma migration = take(sizeClass(count));
        return keep(migration, migration.setup(vma, numbers, from, count));
    }

    private Errno keep(MigrateVma migration, Errno errno) {
        if (errno.isOk() && migration.migratingCount() > 0) {
            migrations.add(migration);
            rangePages += migration.pageCount();
            return errno;
        }
        if (errno.isOk()) {
            migration.finish();
        }
        rest(migration);
        return errno;
    }

    boolean isEmpty() {
        return migrations.isEmpty();
    }

    /// Those that wait.
    List<MigrateVma> migrations() {
        return migrations;
    }

    /// Pages of all their ranges.
    int rangePages() {
        return rangePages;
    }

    PhaseClock clock() {
        return clock;
    }

    /// Forgets them: they wait no longer.
    void clear() {
        migrations.clear();
        rangePages = 0;
    }

    /// Ends one that was collected here, whose arrays serve the next one.
    void finish(MigrateVma migration) {
        migration.finish();
        rest(migration);
    }

    private static int sizeClass(int pageCount) {
        assert pageCount > 0;
        return Integer.SIZE - Integer.numberOfLeadingZeros(pageCount - 1);
    }

    private MigrateVma take(int sizeClass) {
        List<MigrateVma> candidates = resting.get(sizeClass);
        return candidates.isEmpty()
                ? new MigrateVma(1 << sizeClass, select, owner, Page.NONE, orders)
                        .timedBy(clock)
                        .collapsing(collapses)
                : candidates.removeLast();
    }

    private void rest(MigrateVma migration) {
        resting.get(sizeClass(migration.capacity())).add(migration);
    }
}
