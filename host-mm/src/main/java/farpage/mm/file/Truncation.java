package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.memory.HostMemory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/// Removal of pages from a file: because it gets shorter, because a hole is punched, or because
/// nobody has it open any more.
///
/// Each page is unmapped, locked, and taken out. A fault that found the page before that either
/// installs its entry while it has the folio locked, and then the entry is removed here, or finds
/// under the lock that the page is gone. A private copy that such a fault made meanwhile is removed
/// by unmapping a second time.
///
/// @kernel mm/truncate.c; mm/shmem.c: shmem_truncate_range
final class Truncation {
    /// Larger than any index.
    private static final long END = PageSize.pageNumber(FileMapping.SIZE_MAX) + 1;

    private final FileMapping file;
    private final Machine machine;
    private final FolioTable folios;

    /// Pages that a change cuts, with a reference each until it is made.
    private final List<Long> cut = new ArrayList<>(2);

    /// Up to where the folio that was cut last has what it should.
    private long cutUpTo;

    Truncation(FileMapping file) {
        this.file = file;
        this.machine = file.machine();
        this.folios = machine.folios();
    }

    /// Makes the file shorter or longer.
    ///
    /// @kernel mm/truncate.c: truncate_setsize; mm/shmem.c: shmem_setattr
    Errno setSize(long size) {
        file.inodeLock().lockWrite();
        file.invalidateLock().lockWrite();
        try {
            Errno refused = holdCut(size, file.size());
            if (!refused.isOk()) {
                return refused;
            }
            if (size > file.size()) {
                Errno stale = zeroBeyondEnd(size);
                if (!stale.isOk()) {
                    return stale;
                }
                file.setSize(size);
            } else if (size < file.size()) {
                file.setSize(size);
                long firstGone = FileMapping.pageCount(size);
                file.unmap(firstGone, END, true);
                Errno stale = cutAt(size, size, FileMapping.SIZE_MAX);
                remove(firstGone, END);
                file.unmap(firstGone, END, true);
                if (!stale.isOk()) {
                    return stale;
                }
            }
            file.store().setSize(size);
            return Errno.OK;
        } catch (IOException e) {
            return Errno.EIO;
        } finally {
            letGoCut();
            file.invalidateLock().unlockWrite();
            file.inodeLock().unlockWrite();
        }
    }

    /// Makes the bytes of `[start, end)` zeros. Private copies in mappings are no part of the file
    /// and stay.
    ///
    /// @kernel mm/shmem.c: shmem_fallocate with FALLOC_FL_PUNCH_HOLE
    Errno punchHole(long start, long end) {
        long first = FileMapping.pageCount(start);
        long stop = PageSize.pageNumber(end);
        file.inodeLock().lockWrite();
        file.invalidateLock().lockWrite();
        try {
            Errno refused = holdCut(start, end);
            if (!refused.isOk()) {
                return refused;
            }
            if (first < stop) {
                file.unmap(first, stop, false);
            }
            Errno stale = cutAt(start, start, end);
            if (stale.isOk() && cutUpTo < end) {
                stale = cutAt(end, start, end);
            }
            if (first < stop) {
                remove(first, stop);
            }
            if (!stale.isOk()) {
                return stale;
            }
            file.store().setSize(file.size()); // what made it longer may just have been removed
            file.store().punchHole(start, end);
            return Errno.OK;
        } catch (IOException e) {
            return Errno.EIO;
        } finally {
            letGoCut();
            file.invalidateLock().unlockWrite();
            file.inodeLock().unlockWrite();
        }
    }

    /// Frees everything; nothing maps the file and nobody has it open.
    ///
    /// @kernel fs/inode.c: evict; mm/truncate.c: truncate_inode_pages_final
    void evict() {
        assert !file.isMapped();
        remove(0, END);
        assert file.cachedPageCount() == 0;
        try {
            file.store().close();
        } catch (IOException e) {
            file.countWriteError(); // nobody is left to hear of it
        }
    }

    /// Before the file grows to a size: what a mapping stored beyond the old end, in the page that
    /// the end is in, must not become part of the file.
    ///
    /// @return ENOMEM or EIO if that page is on a device and stays there
    /// @kernel mm/truncate.c: pagecache_isize_extended
    Errno zeroBeyondEnd(long newSize) {
        long size = file.size();
        return newSize > size ? cutAt(size, size, PageSize.alignUp(size)) : Errno.OK;
    }

    /// Brings the pages that a change of `[start, end)` leaves a part of back from a device, before
    /// anything has changed. The references keep them from going there again until the change is
    /// made: it could not be undone if they stayed there then.
    private Errno holdCut(long start, long end) {
        if (!machine.filesOnDevices().movesPages()) {
            return Errno.OK;
        }
        for (long at : new long[] {start, end}) {
            long page = isCut(at) ? file.getCached(PageSize.pageNumber(at)) : Page.NONE;
            if (ErrPage.isError(page)) {
                return ErrPage.errno(page);
            }
            if (page != Page.NONE) {
                cut.add(page);
            }
        }
        return Errno.OK;
    }

    private void letGoCut() {
        cut.forEach(machine::put);
        cut.clear();
    }

    /// The same of one folio, which is locked now, and can not be split while it is held.
    private void letGoCut(long locked) {
        long head = folios.head(locked);
        for (int i = cut.size() - 1; i >= 0; i--) {
            if (folios.head(cut.get(i)) == head) {
                machine.put(cut.remove(i));
            }
        }
    }

    /// Whether a position lies within a page, or within a large folio.
    private boolean isCut(long at) {
        long page = file.lookupPage(PageSize.pageNumber(at));
        return !PageSize.isAligned(at) || page != Page.NONE && folios.head(page) != page;
    }

    /// Takes the folios out that lie in `[start, end)` as a whole; what it has of others is zeros.
    private void remove(long start, long end) {
        for (long index = file.pages().next(start, end);
                index < end;
                index = file.pages().next(index, end)) {
            long page = file.lockToRemove(index);
            if (page == Page.NONE) {
                index++;
                continue;
            }
            long first = file.firstIndex(page);
            long next = file.nextIndex(page);
            if (first >= start && next <= end) {
                if (folios.mapCount(page) > 0) {
                    file.unmap(first, next, false);
                }
                noteDiscarded(page);
                file.removeLocked(index, page);
            }
            file.unlockAndPut(page);
            index = next;
        }
    }

    private void noteDiscarded(long page) {
        if (Page.isDevicePrivate(page)) {
            machine.filesOnDevices().note(FilesOnDevices.Event.DISCARDED, folios.pageCount(page));
        }
    }

    /// If the folio around a position is in RAM, and not all of it is meant: makes that part of it
    /// zeros which `[start, end)` has, and splits a large one there, so that pages that lie in the
    /// range can go. If somebody holds it they stay, as zeros. The store does the rest.
    ///
    /// @kernel mm/truncate.c: truncate_inode_partial_folio
    private Errno cutAt(long at, long start, long end) {
        boolean any = start < end && isCut(at);
        long page = any ? file.lockCached(PageSize.pageNumber(at)) : Page.NONE;
        if (page == Page.NONE) {
            return Errno.OK;
        }
        if (ErrPage.isError(page)) {
            return ErrPage.errno(page);
        }
        long folioStart = PageSize.pageAddress(file.firstIndex(page));
        long folioEnd = PageSize.pageAddress(file.nextIndex(page));
        long from = Math.max(start, folioStart);
        long to = Math.min(end, folioEnd);
        if (from < to && (from > folioStart || to < folioEnd)) {
            if (folios.isLarge(page)) {
                letGoCut(page);
            }
            zeroLocked(page, from, to);
            cutUpTo = to;
            splitLocked(page, FileMapping.pageCount(from), PageSize.pageNumber(to));
            if (file.firstIndex(page) >= file.pageCount()) {
                file.removeLocked(folios.index(page), page); // a piece that was kept by a holder
            }
        }
        file.unlockAndPut(page);
        return Errno.OK;
    }

    private void zeroLocked(long page, long from, long to) {
        if (!folios.hasFlag(page, FolioFlags.UPTODATE)) {
            return;
        }
        file.dropCopies(PageSize.pageNumber(from), FileMapping.pageCount(to));
        long skipped = from - PageSize.pageAddress(file.firstIndex(page));
        machine.ram()
                .segment()
                .asSlice(HostMemory.offset(folios.head(page)) + skipped, to - from)
                .fill((byte) 0);
        folios.setFlag(page, FolioFlags.DIRTY);
    }

    /// Splits a folio into the largest pieces of which some make up the pages `[first, stop)`.
    private void splitLocked(long page, long first, long stop) {
        if (!folios.isLarge(page) || first >= stop) {
            return;
        }
        int order = Long.numberOfTrailingZeros(first | stop);
        int newOrder = order < FolioTable.LARGE_ORDER_MIN ? 0 : order;
        boolean _ = new SplitFolio(machine).split(page, newOrder);
    }
}
