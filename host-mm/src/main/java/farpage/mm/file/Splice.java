package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;

/// Moves contents of files through pipes without a copy on the way in: a pipe gets references to
/// the pages of the page cache. A page that lies on a device comes back first.
///
/// @kernel fs/splice.c
final class Splice {
    private Splice() {}

    /// Fills a pipe with pages of a file, as far as it has room.
    ///
    /// @return bytes, 0 at the end of the file; or the negative number of EAGAIN for a full pipe,
    ///   of EIO, ENOMEM
    /// @kernel mm/filemap.c: filemap_splice_read; mm/shmem.c: shmem_file_splice_read
    static long toPipe(FileMapping file, Pipe pipe, long offset, long length) {
        pipe.lock();
        try {
            long end = Math.min(file.size(), offset + Math.min(length, FileMapping.SIZE_MAX));
            if (offset < end && pipe.isFullLocked()) {
                return -Errno.EAGAIN.number();
            }
            FileIo io = new FileIo(file);
            long at = offset;
            while (at < end && !pipe.isFullLocked()) {
                long page = io.getWithContents(PageSize.pageNumber(at));
                if (ErrPage.isError(page)) {
                    return at > offset ? at - offset : -ErrPage.errno(page).number();
                }
                int start = PageSize.offsetInPage(at);
                int count = (int) Math.min(PageSize.PAGE_SIZE - start, end - at);
                long known = page == Page.NONE ? zeros(file.machine()) : page;
                pipe.addLocked(new PipeBuffer(known, start, count));
                at += count;
            }
            return Math.max(0, at - offset);
        } finally {
            pipe.unlock();
        }
    }

    /// For a hole of shared memory, which stays one.
    ///
    /// @kernel mm/shmem.c: splice_zeropage_into_pipe
    private static long zeros(Machine machine) {
        machine.folios().get(machine.zeroPage());
        return machine.zeroPage();
    }

    /// Writes to a file what a pipe has.
    ///
    /// @return bytes, 0 if the pipe has none; or the negative number of an error of writing
    /// @kernel fs/splice.c: iter_file_splice_write
    static long fromPipe(Pipe pipe, FileMapping file, long offset, long length) {
        FileIo io = new FileIo(file);
        pipe.lock();
        try {
            return pipe.takeLocked(length, (done, bytes) -> io.write(bytes, offset + done));
        } finally {
            pipe.unlock();
        }
    }

    /// Sends bytes of one file to another through a pipe of its own.
    ///
    /// @return bytes sent; or a negative error number if none were
    /// @kernel fs/splice.c: splice_direct_to_actor
    static long send(FileMapping from, long offset, FileMapping to, long toOffset, long length) {
        try (Pipe pipe = from.machine().files().pipe()) {
            long done = 0;
            while (done < length) {
                long read = toPipe(from, pipe, offset + done, length - done);
                long written = read <= 0 ? read : fromPipe(pipe, to, toOffset + done, read);
                if (written <= 0) {
                    return done > 0 ? done : written;
                }
                done += written;
                if (written < read) {
                    return done;
                }
            }
            return done;
        }
    }
}
