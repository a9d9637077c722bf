package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.memory.HostMemory;
import java.lang.foreign.MemorySegment;

/// Reading and writing a file through its pages, as `read` and `write` do. Mappings of the file see
/// the same pages, so they see what is written at once.
///
/// @kernel mm/filemap.c: filemap_read, generic_perform_write
final class FileIo {
    private final FileMapping file;
    private final Machine machine;
    private final FolioTable folios;
    private final MemorySegment ram;

    FileIo(FileMapping file) {
        this.file = file;
        this.machine = file.machine();
        this.folios = machine.folios();
        this.ram = machine.ram().segment();
    }

    /// The bytes of the page that a position is in, from there on, at most to the limit.
    private static int lengthInPage(long position, long limit) {
        return (int)
                Math.min(PageSize.PAGE_SIZE - PageSize.offsetInPage(position), limit - position);
    }

    /// A page that is read is not locked while its bytes are copied: the reference keeps it from
    /// being freed or moved.
    ///
    /// @return bytes read, or a negative error number
    long read(MemorySegment to, long offset) {
        long end = Math.min(file.size(), offset + to.byteSize());
        long at = offset;
        while (at < end) {
            int length = lengthInPage(at, end);
            MemorySegment target = to.asSlice(at - offset, length);
            Errno errno = readPage(target, at);
            if (!errno.isOk()) {
                return at > offset ? at - offset : -errno.number();
            }
            at += length;
        }
        return Math.max(0, at - offset);
    }

    private Errno readPage(MemorySegment to, long at) {
        long page = getWithContents(PageSize.pageNumber(at));
        if (ErrPage.isError(page)) {
            return ErrPage.errno(page);
        }
        if (page == Page.NONE) {
            to.fill((byte) 0);
            return Errno.OK;
        }
        MemorySegment.copy(ram, ramOffset(page, at), to, 0, to.byteSize());
        machine.put(page);
        return Errno.OK;
    }

    /// The page of an index with its contents and a reference, not locked. A hole of shared memory
    /// stays one.
    ///
    /// @return [Page#NONE] for such a hole; an [ErrPage] of EIO, ENOMEM
    /// @kernel mm/filemap.c: filemap_get_pages; mm/shmem.c: shmem_get_folio with SGP_READ
    long getWithContents(long index) {
        long page = file.getCached(index);
        if (ErrPage.isError(page) || page == Page.NONE && file.isShmem()) {
            return page;
        }
        if (page == Page.NONE || !folios.hasFlag(page, FolioFlags.UPTODATE)) {
            if (page != Page.NONE) {
                machine.put(page);
            }
            page = readIn(index);
        }
        if (!ErrPage.isError(page) && isBroken(page)) {
            machine.put(page);
            return ErrPage.of(Errno.EIO);
        }
        return page;
    }

    /// Whether the memory of a page that stays in its file is broken.
    ///
    /// @kernel mm/shmem.c: shmem_file_read_iter, shmem_write_begin
    private boolean isBroken(long page) {
        return file.isShmem() && folios.hasFlag(page, FolioFlags.HWPOISON);
    }

    /// The page with its contents and a reference, not locked.
    private long readIn(long index) {
        long page = file.lockAndReadIn(index);
        if (!ErrPage.isError(page)) {
            folios.unlock(page);
        }
        return page;
    }

    private static long ramOffset(long page, long at) {
        return HostMemory.offset(page) + PageSize.offsetInPage(at);
    }

    /// Writes at an offset, and makes the file longer where that lies behind its end.
    ///
    /// @return bytes written, or a negative error number
    long write(MemorySegment from, long offset) {
        if (from.byteSize() == 0) {
            return 0;
        }
        if (offset >= FileMapping.SIZE_MAX) {
            return -Errno.EFBIG.number();
        }
        long end = Math.min(FileMapping.SIZE_MAX, offset + from.byteSize());
        file.inodeLock().lockWrite();
        try {
            Errno refused = new Truncation(file).zeroBeyondEnd(offset);
            if (!refused.isOk()) {
                return -refused.number();
            }
            long at = offset;
            while (at < end) {
                long written = writeFolio(from.asSlice(at - offset), at);
                if (written < 0) {
                    return at > offset ? at - offset : written;
                }
                at += written;
            }
            return at - offset;
        } finally {
            file.inodeLock().unlockWrite();
        }
    }

    /// Writes as far as the folio goes. One that is overwritten whole need not be read in first.
    ///
    /// @return bytes written, or a negative error number
    private long writeFolio(MemorySegment from, long at) {
        long index = PageSize.pageNumber(at);
        long lengthFromPage = PageSize.offsetInPage(at) + from.byteSize();
        long page = file.lockOrNew(index, lengthFromPage);
        if (ErrPage.isError(page)) {
            Errno errno = ErrPage.errno(page);
            return -(errno == Errno.ENOMEM && file.isShmem() ? Errno.ENOSPC : errno).number();
        }
        long end = Math.min(at + from.byteSize(), PageSize.pageAddress(file.nextIndex(page)));
        Errno refused = prepareToWrite(page, at, end);
        if (!refused.isOk()) {
            file.unlockAndPut(page);
            return -refused.number();
        }
        file.dropCopies(index, FileMapping.pageCount(end));
        MemorySegment.copy(from, 0, ram, ramOffset(page, at), end - at);
        folios.setFlag(page, FolioFlags.UPTODATE | FolioFlags.DIRTY);
        if (end > file.size()) {
            file.setSize(end); // before others may find it beyond the end
        }
        file.unlockAndPut(page);
        return end - at;
    }

    private Errno prepareToWrite(long page, long at, long end) {
        if (isBroken(page)) {
            return Errno.EIO;
        }
        boolean whole =
                at == PageSize.pageAddress(file.firstIndex(page))
                        && end == PageSize.pageAddress(file.nextIndex(page));
        return whole || folios.hasFlag(page, FolioFlags.UPTODATE) ? Errno.OK : file.readIn(page);
    }

    /// Makes the pages of `[start, end)`, with zeros where they were holes.
    ///
    /// @kernel mm/shmem.c: shmem_fallocate
    Errno allocate(long start, long end) {
        file.inodeLock().lockWrite();
        try {
            Errno refused = new Truncation(file).zeroBeyondEnd(end);
            if (!refused.isOk()) {
                return refused;
            }
            for (long index = PageSize.pageNumber(start);
                    index < FileMapping.pageCount(end);
                    index++) {
                long page = file.lockOrCreate(index);
                if (ErrPage.isError(page)) {
                    Errno errno = ErrPage.errno(page);
                    return errno == Errno.ENOMEM ? Errno.ENOSPC : errno;
                }
                folios.setFlag(page, FolioFlags.DIRTY);
                file.unlockAndPut(page);
            }
            if (end > file.size()) {
                file.setSize(end);
            }
            return Errno.OK;
        } finally {
            file.inodeLock().unlockWrite();
        }
    }
}
