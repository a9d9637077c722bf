package farpage.emulator.svm;

import farpage.emulator.mirror.ProcessMirror;
import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioOrders;
import org.jspecify.annotations.Nullable;

/// Batches of pages of one process that migrate one way, one after the other: while the device
/// copies those added before, the next ones are collected.
///
/// The device's `DRIVER_SVM` is held while it is open. Before a batch goes to the device room is
/// made there, under nothing but that lock. Then it is collected under the mmap lock, which is held
/// on until room must be made again, or [RangeMigrator#BATCH_PAGES] pages were collected under it.
///
/// A failure ends it: what is added later stays where it is. Who adds does nothing else with the
/// process or the device meanwhile: it would wait for pages that only the stream's end lets go.
///
/// @kernel drivers/gpu/drm/amd/amdkfd/kfd_migrate.c: svm_migrate_copy_to_vram, its fences
public final class MigrationStream {
    /// The fewest pages of a list that are worth a copy of their own.
    private static final int COPY_PAGES_MIN = 128;

    /// Copies that a list is cut into, if they do not become too small.
    private static final int COPIES_MIN = 4;

    /// The most pages of one collection, counted from the start of the range: a longer one is cut,
    /// so that the copy of one piece can go on while the next is collected.
    ///
    /// @kernel lib/test_hmm.c: PTRS_PER_PTE words in dmirror_migrate_to_device
    private static final int PIECE_PAGES = PageSize.ENTRIES_PER_TABLE;

    private final MigrationPipeline pipeline;
    private final FolioOrders orders;
    private final boolean collapses;

    /// Where pages go to, if that is the device.
    private final @Nullable DeviceRoom room;

    private final PageNumberSort sorter = new PageNumberSort();

    private @Nullable ProcessMirror mirror;
    private boolean locksMm;
    private int lockedPages;
    private boolean overlapsBatches;
    private long moved;
    private Errno errno = Errno.OK;

    /// @param collapses whether base pages of 2 MiB become one folio
    /// @param room on the device; null for the way back
    MigrationStream(
            MigrationPipeline pipeline,
            FolioOrders orders,
            boolean collapses,
            @Nullable DeviceRoom room) {
        this.collapses = collapses;
        this.pipeline = pipeline;
        this.orders = orders;
        this.room = room;
    }

    /// Begins with nothing added.
    ///
    /// @param batches under way at once, at most; with one, each batch is several copies, so that
    ///   the first goes on while the last is collected
    void open(ProcessMirror process, int batches) {
        assert mirror == null : "open already";
        mirror = process;
        overlapsBatches = batches > 1;
        pipeline.allowUnderWay(batches);
    }

    private ProcessMirror mirror() {
        ProcessMirror open = mirror;
        assert open != null : "not open";
        return open;
    }

    /// Ends everything that was added.
    MigrationResult close() {
        try {
            letGo();
            return new MigrationResult(errno, moved);
        } finally {
            mirror = null;
            moved = 0;
            errno = Errno.OK;
        }
    }

    /// The mmap lock is taken if it is not held.
    private void lockMm() {
        if (!locksMm) {
            mirror().mm().lockRead();
            mirror().beginMigration();
            locksMm = true;
        }
    }

    private void letGo() {
        if (!locksMm) {
            return;
        }
        try {
            MigrationResult result = pipeline.finish(mirror());
            moved += result.movedPages();
            if (errno.isOk()) {
                errno = result.errno();
            }
        } finally {
            mirror().endMigration();
            mirror().mm().unlockRead();
            locksMm = false;
            lockedPages = 0;
        }
    }

    /// Adds the pages of `[start, end)`: to the device those that are in system memory or
    /// untouched, back those that are on the device.
    ///
    /// @return EINVAL at the first address that no readable mapping covers; else what ended the
    ///   stream, or OK, also if pages will stay for want of memory
    public Errno add(long start, long end) {
        pipeline.copyEvery(MigrationPipeline.COPY_PAGES);
        for (long at = start; at < end && errno.isOk(); ) {
            long stop = Math.min(end, at + PageSize.pageAddress(RangeMigrator.BATCH_PAGES));
            int pageCount = (int) PageSize.pageNumber(stop - at);
            prepare(pageCount, room == null || room.isPlentifulForRange(pageCount));
            if (!errno.isOk()) {
                break;
            }
            if (room != null && !locksMm) {
                room.makeForRange(mirror(), at, stop, at == start);
            }
            lockMm();
            Errno refused = collectRange(at, stop);
            if (!refused.isOk() && errno.isOk()) {
                errno = refused;
            }
            pipeline.endBatch(mirror());
            at = stop;
        }
        return errno;
    }

    /// Adds single pages, wherever they lie. Pages without a readable mapping are left out.
    ///
    /// @param pageNumbers in any order; they are gone through in ascending order
    /// @param pageCount how many of them
    /// @return what ended the stream, or OK
    public Errno add(long[] pageNumbers, int pageCount) {
        return add(pageNumbers, pageCount, copyPages(pageCount));
    }

    /// The same with copies of a given size.
    ///
    /// @param copyPages how many go with one copy
    Errno add(long[] pageNumbers, int pageCount, int copyPages) {
        long[] sorted = sorter.sorted(pageNumbers, pageCount);
        int count = sorter.count();
        for (int from = 0; from < count && errno.isOk(); ) {
            int to = Math.min(count, from + RangeMigrator.BATCH_PAGES);
            prepare(to - from, room == null || room.isPlentifulForPages(to - from));
            if (!errno.isOk()) {
                break;
            }
            if (room != null && !locksMm) {
                room.makeForPages(mirror(), sorted, from, to);
            }
            lockMm();
            collectPages(sorted, from, to, copyPages);
            pipeline.endBatch(mirror());
            from = to;
        }
        return errno;
    }

    /// Gives the mmap lock up where room must be made, or others had to wait for it long enough.
    private void prepare(int pageCount, boolean hasRoom) {
        lockedPages += pageCount;
        if (lockedPages > RangeMigrator.BATCH_PAGES || !hasRoom) {
            letGo();
            lockedPages = pageCount;
        }
    }

    private int copyPages(int pageCount) {
        return overlapsBatches
                ? MigrationPipeline.COPY_PAGES
                : Math.clamp(pageCount / COPIES_MIN, COPY_PAGES_MIN, MigrationPipeline.COPY_PAGES);
    }

    /// @kernel lib/test_hmm.c: the loop of dmirror_migrate_to_device
    private Errno collectRange(long start, long end) {
        Mm mm = mirror().mm();
        if (mm.isExited()) {
            return Errno.EINVAL;
        }
        for (long at = start; at < end; ) {
            Vma vma = mm.lookupVma(at);
            if (vma == null || !vma.isReadable()) {
                return Errno.EINVAL;
            }
            long stop = Math.min(Math.min(end, vma.end()), pieceEnd(at));
            Errno errno = pipeline.add(mirror(), vma, at, stop);
            if (!errno.isOk()) {
                return errno;
            }
            at = stop;
        }
        return Errno.OK;
    }

    /// Linux counts pieces from the start of the range, so that of a range that begins inside a
    /// huge page no huge page is ever moved whole. Where orders are in use that it does not know,
    /// or pages are joined, pieces end where a table does.
    private long pieceEnd(long start) {
        long end = start + PageSize.pageAddress(PIECE_PAGES);
        return orders.hasMiddle() || collapses ? PageSize.alignDownPmd(end) : end;
    }

    private void collectPages(long[] pageNumbers, int from, int to, int copyPages) {
        pipeline.copyEvery(copyPages);
        int piecePages = Math.min(copyPages, PIECE_PAGES);
        for (int i = from; i < to; ) {
            Vma vma = mirror().mm().lookupVma(PageSize.pageAddress(pageNumbers[i]));
            if (vma == null || !vma.isReadable()) {
                i++;
                continue;
            }
            int next = pieceStop(pageNumbers, i, Math.min(to, i + piecePages), to, vma);
            // A mapping of a kind that can not migrate is left out like no mapping.
            Errno _ = pipeline.add(mirror(), vma, pageNumbers, i, next - i);
            i = next;
        }
    }

    /// Where a piece of a list ends: at the end of the VMA; and where it is full, but not within a
    /// huge page that the list has all of, be the piece longer or shorter for that.
    private static int pieceStop(long[] pageNumbers, int from, int full, int to, Vma vma) {
        long endPage = PageSize.pageNumber(vma.end());
        int limit = Math.min(to, from + PIECE_PAGES);
        while (pageNumbers[limit - 1] >= endPage) {
            limit--;
        }
        int stop = Math.min(full, limit);
        while (stop < limit && continuesHugePage(pageNumbers, stop)) {
            stop++;
        }
        int whole = stop;
        while (whole < to && whole > from && continuesHugePage(pageNumbers, whole)) {
            whole--;
        }
        return whole > from ? whole : stop;
    }

    private static boolean continuesHugePage(long[] pageNumbers, int at) {
        return pageNumbers[at] % PIECE_PAGES != 0 && pageNumbers[at] == pageNumbers[at - 1] + 1;
    }
}
