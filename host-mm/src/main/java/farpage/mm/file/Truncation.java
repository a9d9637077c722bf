package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
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
                remove(firstGone, END);
                Errno stale = zeroCached(size, PageSize.pageAddress(firstGone));
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
                remove(first, stop);
            }
            Errno stale = zeroCached(start, Math.min(end, PageSize.pageAddress(first)));
            if (stop >= first && stale.isOk()) {
                stale = zeroCached(PageSize.pageAddress(stop), end);
            }
            if (!stale.isOk()) {
                return stale;
            }
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
        return newSize > size ? zeroCached(size, PageSize.alignUp(size)) : Errno.OK;
    }

    /// Brings the pages that a change of `[start, end)` leaves a part of back from a device, before
    /// anything has changed. The references keep them from going there again until the change is
    /// made: it could not be undone if they stayed there then.
    private Errno holdCut(long start, long end) {
        if (!machine.filesOnDevices().movesPages()) {
            return Errno.OK;
        }
        for (long at : new long[] {start, end}) {
            long page =
                    PageSize.isAligned(at) ? Page.NONE : file.getCached(PageSize.pageNumber(at));
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

    private void remove(long start, long end) {
        for (long index = file.pages().next(start, end);
                index < end;
                index = file.pages().next(index + 1, end)) {
            long page = file.lockToRemove(index);
            if (page == Page.NONE) {
                continue;
            }
            if (folios.mapCount(page) > 0) {
                file.unmap(index, index + 1, false);
            }
            file.removeLocked(index, page);
            file.unlockAndPut(page);
        }
    }

    /// Zeros a part of one page, if it is in RAM; the store does the rest.
    ///
    /// @kernel mm/truncate.c: truncate_inode_partial_folio
    private Errno zeroCached(long start, long end) {
        if (start >= end) {
            return Errno.OK;
        }
        long page = file.lockCached(PageSize.pageNumber(start));
        if (ErrPage.isError(page)) {
            return ErrPage.errno(page);
        }
        if (page == Page.NONE) {
            return Errno.OK;
        }
        if (folios.hasFlag(page, FolioFlags.UPTODATE)) {
            file.dropCopies(PageSize.pageNumber(start));
            machine.ram()
                    .segment()
                    .asSlice(HostMemory.offset(page) + PageSize.offsetInPage(start), end - start)
                    .fill((byte) 0);
            folios.setFlag(page, FolioFlags.DIRTY);
        }
        file.unlockAndPut(page);
        return Errno.OK;
    }
}
