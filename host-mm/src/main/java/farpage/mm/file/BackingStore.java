package farpage.mm.file;

import java.io.IOException;
import java.lang.foreign.MemorySegment;

/// Where the contents of a file are while they are not in RAM. The file's locks are held by the
/// caller, so that no two calls for one page run at the same time.
///
/// @kernel include/linux/fs.h: struct address_space_operations
public interface BackingStore {
    /// Whether the pages in RAM are the only place of the contents: nothing to read, nothing to
    /// write back, and no notice needed of the first store to a page.
    ///
    /// @kernel include/linux/shmem_fs.h: shmem_mapping
    boolean isShmem();

    /// Fills a page; with zeros where the file has no bytes.
    ///
    /// @kernel include/linux/fs.h: read_folio
    void readPage(long index, MemorySegment page) throws IOException;

    /// Stores the bytes of a page.
    ///
    /// @param bytes the page, cut off at the end of the file
    /// @kernel include/linux/fs.h: writepages
    void writePage(long index, MemorySegment bytes) throws IOException;

    /// Cuts the file off, or extends it with zeros.
    void setSize(long size) throws IOException;

    /// Makes the bytes of `[start, end)` zeros; the size stays.
    ///
    /// @kernel include/uapi/linux/falloc.h: FALLOC_FL_PUNCH_HOLE
    void punchHole(long start, long end) throws IOException;

    /// Returns when what was written is safe.
    void flush() throws IOException;

    void close() throws IOException;
}
