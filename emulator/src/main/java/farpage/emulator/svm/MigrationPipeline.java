package farpage.emulator.svm;

import farpage.emulator.copy.CopyFence;
import farpage.emulator.copy.CopyResult;
import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Vma;
import farpage.mm.migrate.MigratePhase;
import farpage.mm.migrate.MigrateVma;
import java.util.ArrayDeque;
import java.util.Deque;
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

    /// Copies that may be under way while the pages of another are collected, at least. More keep
    /// more pages locked, and what was collected out of the cache.
    private static final int UNDER_WAY_MIN = 2;

    private final MigrationSet waiting;

    /// Copies under way, the oldest first.
    private final Deque<MigrationFlight> underWay = new ArrayDeque<>();

    private final Deque<MigrationFlight> resting = new ArrayDeque<>();
    private int underWayMax = UNDER_WAY_MIN;
    private int copyPages = COPY_PAGES;
    private long moved;
    private Errno errno = Errno.OK;

    MigrationPipeline(MigrationSet waiting) {
        this.waiting = waiting;
    }

    /// Sets how many pages are worth a copy of their own.
    final void copyEvery(int pages) {
        copyPages = pages;
    }

    /// Sets how many batches may be under way.
    final void allowUnderWay(int batches) {
        assert underWay.isEmpty();
        underWayMax = Math.max(UNDER_WAY_MIN, batches);
    }

    /// Collects a range of a VMA, of any length.
    final Errno add(ProcessMirror mirror, Vma vma, long start, long end) {
        return added(mirror, waiting.setup(vma, start, end));
    }

    /// Collects pages of a VMA that lie anywhere in it.
    ///
    /// @param numbers ascending, none twice, from `from` on
    final Errno add(ProcessMirror mirror, Vma vma, long[] numbers, int from, int count) {
        return added(mirror, waiting.setup(vma, numbers, from, count));
    }

    private Errno added(ProcessMirror mirror, Errno result) {
        if (result.isOk() && waiting.rangePages() >= copyPages) {
            endBatch(mirror);
        }
        return result;
    }

    /// Starts the copy of what waits.
    final void endBatch(ProcessMirror mirror) {
        if (waiting.isEmpty()) {
            return;
        }
        waiting.clock().enter(MigratePhase.ALLOCATE);
        CopyFence fence = start(mirror, waiting.migrations());
        MigrationFlight flight = resting.isEmpty() ? new MigrationFlight() : resting.pop();
        flight.begin(waiting.migrations(), fence);
        waiting.clear();
        underWay.add(flight);
        while (underWay.size() > underWayMax) {
            settleOldest(mirror);
        }
    }

    private void settleOldest(ProcessMirror mirror) {
        MigrationFlight oldest = underWay.remove();
        waiting.clock().enter(MigratePhase.COPY);
        CopyResult result = oldest.await();
        if (!result.isCopied()) {
            errno = Errno.EIO;
        }
        for (MigrateVma migration : oldest.migrations()) {
            moved += settle(mirror, migration, result);
            waiting.finish(migration);
        }
        oldest.end();
        resting.push(oldest);
    }

    /// Ends everything that was added.
    ///
    /// @return OK, or EIO if pages could not be copied; they stayed where they were
    final MigrationResult finish(ProcessMirror mirror) {
        endBatch(mirror);
        while (!underWay.isEmpty()) {
            settleOldest(mirror);
        }
        MigrationResult result = new MigrationResult(errno, moved);
        moved = 0;
        errno = Errno.OK;
        waiting.clock().leave();
        return result;
    }

    /// Finds destinations for migrations, and starts their copy.
    abstract CopyFence start(ProcessMirror mirror, List<MigrateVma> migrations);

    /// Moves the state of a migration's pages; those that could not be copied stay where they are.
    ///
    /// @return the pages that moved
    abstract long settle(ProcessMirror mirror, MigrateVma migration, CopyResult result);
}
