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

/// Several migrations of one direction that are under way together, so that one copy serves them
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

    /// Those that rest, by the logarithm of the pages that they have room for.
    private final List<List<MigrateVma>> resting = new ArrayList<>();

    private final List<MigrateVma> active = new ArrayList<>();
    private int rangePages;

    MigrationSet(MigrateSelect select, Object owner, FolioOrders orders, PhaseClock clock) {
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
            active.add(migration);
            rangePages += migration.pageCount();
            return errno;
        }
        if (errno.isOk()) {
            migration.finish();
        }
        rest(migration);
        return errno;
    }

    /// Migrations under way.
    int size() {
        return active.size();
    }

    MigrateVma get(int index) {
        return active.get(index);
    }

    /// Pages of all their ranges.
    int rangePages() {
        return rangePages;
    }

    PhaseClock clock() {
        return clock;
    }

    /// Ends one of them, whose arrays serve the next one.
    void finish(int index) {
        MigrateVma migration = active.get(index);
        migration.finish();
        rest(migration);
    }

    /// Forgets them; each was finished.
    void clear() {
        active.clear();
        rangePages = 0;
    }

    private static int sizeClass(int pageCount) {
        assert pageCount > 0;
        return Integer.SIZE - Integer.numberOfLeadingZeros(pageCount - 1);
    }

    private MigrateVma take(int sizeClass) {
        List<MigrateVma> candidates = resting.get(sizeClass);
        return candidates.isEmpty()
                ? new MigrateVma(1 << sizeClass, select, owner, Page.NONE, orders).timedBy(clock)
                : candidates.removeLast();
    }

    private void rest(MigrateVma migration) {
        resting.get(sizeClass(migration.capacity())).add(migration);
    }
}
