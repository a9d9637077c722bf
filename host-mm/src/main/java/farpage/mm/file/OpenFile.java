package farpage.mm.file;

import farpage.mm.Errno;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One opening of a file, with the right to read it, to write it, or both. Whoever opened it holds
/// a reference until [#close()]; each VMA that maps it holds one more. The file itself goes with
/// the last reference to the last of its openings.
///
/// The calls take no position: each says where it reads or writes.
///
/// @kernel include/linux/fs.h: struct file
public final class OpenFile implements AutoCloseable {
    private final FileTable table;
    private final FileMapping mapping;
    private final boolean readable;
    private final boolean writable;
    private final @Nullable DriverMmap driverMmap;
    private final AtomicInteger references = new AtomicInteger(1);

    /// The last write-back error that was reported here.
    private final AtomicInteger reportedErrors;

    OpenFile(
            FileTable table,
            FileMapping mapping,
            boolean readable,
            boolean writable,
            @Nullable DriverMmap driverMmap) {
        this.table = table;
        this.mapping = mapping;
        this.readable = readable;
        this.writable = writable;
        this.driverMmap = driverMmap;
        this.reportedErrors = new AtomicInteger(mapping.writeErrorCount());
    }

    public FileMapping mapping() {
        return mapping;
    }

    /// Whether the file was opened for reading.
    ///
    /// @kernel include/linux/fs.h: FMODE_READ
    public boolean isReadable() {
        return readable;
    }

    /// Whether the file was opened for writing.
    ///
    /// @kernel include/linux/fs.h: FMODE_WRITE
    public boolean isWritable() {
        return writable;
    }

    /// What the driver does with a mapping; null for a file that is no device's.
    public @Nullable DriverMmap driverMmap() {
        return driverMmap;
    }

    /// Takes a reference, as a VMA does.
    public void get() {
        int before = references.getAndIncrement();
        assert before > 0 : "a closed file was used";
    }

    /// Drops a reference.
    ///
    /// @kernel fs/file_table.c: fput
    public void put() {
        int left = references.decrementAndGet();
        assert left >= 0 : "a file was closed too often";
        if (left == 0) {
            table.release(mapping);
        }
    }

    /// Drops the opener's reference. Mappings stay.
    @Override
    public void close() {
        put();
    }

    /// Bytes in the file.
    public long size() {
        return mapping.size();
    }

    /// Reads from the given place on, at most to the end of the file.
    ///
    /// @return bytes read, 0 at the end; or the negative number of EBADF, EINVAL, EIO, ENOMEM
    /// @kernel mm/filemap.c: filemap_read; mm/shmem.c: shmem_file_read_iter
    public long read(MemorySegment to, long offset) {
        if (!readable) {
            return -Errno.EBADF.number();
        }
        return offset < 0 ? -Errno.EINVAL.number() : new FileIo(mapping).read(to, offset);
    }

    /// Writes from the given place on; the file grows as needed.
    ///
    /// @return bytes written; or the negative number of EBADF, EINVAL, EFBIG, EIO, ENOSPC
    /// @kernel mm/filemap.c: generic_file_write_iter
    public long write(MemorySegment from, long offset) {
        if (!writable) {
            return -Errno.EBADF.number();
        }
        return offset < 0 ? -Errno.EINVAL.number() : new FileIo(mapping).write(from, offset);
    }

    /// Fills a pipe with pages of the file from the given place on, at most to the end of the file;
    /// nothing is copied.
    ///
    /// @return bytes, 0 at the end; or the negative number of EBADF, EINVAL, EIO, ENOMEM, of EAGAIN
    ///   for a pipe that is full
    /// @kernel fs/splice.c: vfs_splice_read
    public long spliceTo(Pipe pipe, long offset, long length) {
        if (!readable) {
            return -Errno.EBADF.number();
        }
        return offset < 0 || length < 0
                ? -Errno.EINVAL.number()
                : Splice.toPipe(mapping, pipe, offset, length);
    }

    /// Writes what a pipe has from the given place on; the file grows as needed.
    ///
    /// @return bytes, 0 if the pipe has none; or a negative number as of [#write]
    /// @kernel fs/splice.c: do_splice_from
    public long spliceFrom(Pipe pipe, long offset, long length) {
        if (!writable) {
            return -Errno.EBADF.number();
        }
        return offset < 0 || length < 0
                ? -Errno.EINVAL.number()
                : Splice.fromPipe(pipe, mapping, offset, length);
    }

    /// Writes bytes of another file from the given place on, or of this one.
    ///
    /// @return bytes sent, 0 at the other's end; or a negative number as of [#read] of the other
    ///   and of [#write]
    /// @kernel fs/read_write.c: do_sendfile
    public long sendFrom(OpenFile from, long fromOffset, long offset, long length) {
        if (!from.readable || !writable) {
            return -Errno.EBADF.number();
        }
        return fromOffset < 0 || offset < 0 || length < 0
                ? -Errno.EINVAL.number()
                : Splice.send(from.mapping, fromOffset, mapping, offset, length);
    }

    /// Writes what is dirty back, and waits until it is safe. An error is reported once to each
    /// opening, also one that happened since the last time.
    ///
    /// @return EIO if something could not be written
    /// @kernel fs/sync.c: vfs_fsync; lib/errseq.c
    public Errno fsync() {
        new WriteBack(mapping).sync(0, Long.MAX_VALUE);
        int errors = mapping.writeErrorCount();
        return reportedErrors.getAndSet(errors) == errors ? Errno.OK : Errno.EIO;
    }

    /// Sets the size: what lies beyond is gone, also from private copies in mappings.
    ///
    /// @return EINVAL for a file that is not open for writing, or a negative size
    /// @kernel fs/open.c: do_ftruncate
    public Errno truncate(long size) {
        if (!writable || size < 0) {
            return Errno.EINVAL;
        }
        return size > FileMapping.SIZE_MAX ? Errno.EFBIG : new Truncation(mapping).setSize(size);
    }

    /// Gives pages to a range in advance; the file grows if it must.
    ///
    /// @return EBADF, EINVAL, EFBIG, ENOSPC
    /// @kernel fs/open.c: vfs_fallocate
    public Errno allocate(long offset, long length) {
        Errno refused = checkRange(offset, length);
        return refused.isOk() ? new FileIo(mapping).allocate(offset, offset + length) : refused;
    }

    /// Makes a range zeros and gives its pages back; the size stays. Private copies in mappings
    /// stay.
    ///
    /// @return EBADF, EINVAL, EFBIG, EIO
    /// @kernel fs/open.c: vfs_fallocate with FALLOC_FL_PUNCH_HOLE
    public Errno punchHole(long offset, long length) {
        Errno refused = checkRange(offset, length);
        return refused.isOk()
                ? new Truncation(mapping).punchHole(offset, offset + length)
                : refused;
    }

    private Errno checkRange(long offset, long length) {
        if (offset < 0 || length <= 0) {
            return Errno.EINVAL;
        }
        if (!writable) {
            return Errno.EBADF;
        }
        return offset > FileMapping.SIZE_MAX - length ? Errno.EFBIG : Errno.OK;
    }
}
