package farpage.emulator.svm;

import farpage.emulator.copy.CopyFence;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Vma;
import farpage.mm.migrate.MigratePhase;
import farpage.mm.migrate.MigrateVma;
import java.util.ArrayList;
import java.util.List;

/// Migrations of one direction that go through their phases together: while the device copies the
/// pages of some, others are collected, and those copied before are finished.
///
/// Ranges are added until [#finish], which ends all of them. As soon as enough pages wait, their
/// copy is started; small ranges share one. The mmap lock is held for reading throughout, and the
/// device's `DRIVER_SVM`.
///
/// @kernel Documentation/mm/hmm.rst: migration to and from device memory
abstract class MigrationPipeline {
    /// Pages that are worth a copy of their own: 4 MiB.
    static final int COPY_PAGES = 1024;

    /// Copies that may be under way while the pages of another are collected. More would only keep
    /// more pages locked, and what was collected out of the cache.
    private static final int COPIES_UNDER_WAY = 2;

    private final MigrationSet set;
    private final List<CopyFence> fences = new ArrayList<>();

    /// By copy: the migrations before this index are its own or those of copies before it.
    private final List<Integer> ends = new ArrayList<>();

    private int copyPages = COPY_PAGES;
    private int startedMigrations;
    private int startedPages;
    private int settledCopies;
    private int settledMigrations;
    private long moved;
    private Errno errno = Errno.OK;

    MigrationPipeline(MigrationSet set) {
        this.set = set;
    }

    /// Sets how many pages are worth a copy of their own, until everything is ended.
    final void copyEvery(int pages) {
        copyPages = pages;
    }

    /// Collects a range of a VMA, of any length.
    final Errno add(ProcessMirror mirror, Vma vma, long start, long end) {
        return added(mirror, set.setup(vma, start, end));
    }

    /// Collects pages of a VMA that lie anywhere in it.
    ///
    /// @param numbers ascending, none twice, from `from` on
    final Errno add(ProcessMirror mirror, Vma vma, long[] numbers, int from, int count) {
        return added(mirror, set.setup(vma, numbers, from, count));
    }

    private Errno added(ProcessMirror mirror, Errno result) {
        if (result.isOk() && set.rangePages() - startedPages >= copyPages) {
            startWaiting(mirror);
            while (fences.size() - settledCopies > COPIES_UNDER_WAY) {
                settleOldest(mirror);
            }
        }
        return result;
    }

    private void startWaiting(ProcessMirror mirror) {
        if (set.size() > startedMigrations) {
            set.clock().enter(MigratePhase.ALLOCATE);
            fences.add(start(mirror, set, startedMigrations));
            ends.add(set.size());
            startedMigrations = set.size();
            startedPages = set.rangePages();
        }
    }

    private void settleOldest(ProcessMirror mirror) {
        set.clock().enter(MigratePhase.COPY);
        CopyResult result = fences.get(settledCopies).await();
        if (!result.isCopied()) {
            errno = Errno.EIO;
        }
        for (int end = ends.get(settledCopies); settledMigrations < end; settledMigrations++) {
            moved += settle(mirror, set.get(settledMigrations), result);
            set.finish(settledMigrations);
        }
        settledCopies++;
    }

    /// Ends everything that was added.
    ///
    /// @return OK, or EIO if pages could not be copied; they stayed where they were
    final MigrationResult finish(ProcessMirror mirror) {
        startWaiting(mirror);
        while (settledCopies < fences.size()) {
            settleOldest(mirror);
        }
        MigrationResult result = new MigrationResult(errno, moved);
        set.clear();
        fences.clear();
        ends.clear();
        copyPages = COPY_PAGES;
        startedMigrations = 0;
        startedPages = 0;
        settledCopies = 0;
        settledMigrations = 0;
        moved = 0;
        errno = Errno.OK;
        set.clock().leave();
        return result;
    }

    /// Finds destinations for the migrations of the set from an index on, and starts their copy.
    abstract CopyFence start(ProcessMirror mirror, MigrationSet set, int from);

    /// Moves the state of a migration's pages; those that could not be copied stay where they are.
    ///
    /// @return the pages that moved
    abstract long settle(ProcessMirror mirror, MigrateVma migration, CopyResult result);
}
