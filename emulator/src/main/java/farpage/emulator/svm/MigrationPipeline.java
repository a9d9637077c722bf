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
    private static final int COPY_PAGES = 1024;

    private final MigrationSet set;
    private final List<CopyFence> fences = new ArrayList<>();

    /// By copy: the migrations before this index are its own or those of copies before it.
    private final List<Integer> ends = new ArrayList<>();

    private int startedMigrations;
    private int startedPages;

    MigrationPipeline(MigrationSet set) {
        this.set = set;
    }

    /// Collects a range of a VMA, of any length.
    final Errno add(ProcessMirror mirror, Vma vma, long start, long end) {
        Errno errno = set.setup(vma, start, end);
        if (errno.isOk() && set.rangePages() - startedPages >= COPY_PAGES) {
            startWaiting(mirror);
        }
        return errno;
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

    /// Ends everything that was added.
    ///
    /// @return OK, or EIO if pages could not be copied; they stayed where they were
    final MigrationResult finish(ProcessMirror mirror) {
        startWaiting(mirror);
        long moved = 0;
        Errno errno = Errno.OK;
        int migration = 0;
        for (int copy = 0; copy < fences.size(); copy++) {
            set.clock().enter(MigratePhase.COPY);
            CopyResult result = fences.get(copy).await();
            if (!result.isCopied()) {
                errno = Errno.EIO;
            }
            for (; migration < ends.get(copy); migration++) {
                moved += settle(mirror, set.get(migration), result);
                set.finish(migration);
            }
        }
        set.clear();
        fences.clear();
        ends.clear();
        startedMigrations = 0;
        startedPages = 0;
        set.clock().leave();
        return new MigrationResult(errno, moved);
    }

    /// Finds destinations for the migrations of the set from an index on, and starts their copy.
    abstract CopyFence start(ProcessMirror mirror, MigrationSet set, int from);

    /// Moves the state of a migration's pages; those that could not be copied stay where they are.
    ///
    /// @return the pages that moved
    abstract long settle(ProcessMirror mirror, MigrateVma migration, CopyResult result);
}
