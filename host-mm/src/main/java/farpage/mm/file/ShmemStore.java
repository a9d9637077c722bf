package farpage.mm.file;

import java.lang.foreign.MemorySegment;

/// The store of shared memory: none. A page that is not in RAM is a hole, and a hole is zeros.
///
/// @kernel mm/shmem.c: shmem_aops
final class ShmemStore implements BackingStore {
    @Override
    public boolean isShmem() {
        return true;
    }

    @Override
    public void readPage(long index, MemorySegment page) {
        page.fill((byte) 0);
    }

    @Override
    public void writePage(long index, MemorySegment bytes) {
        throw new AssertionError("shared memory is not written back");
    }

    @Override
    public void setSize(long size) {
        // the pages beyond it are gone already
    }

    @Override
    public void punchHole(long start, long end) {
        // the pages are gone already
    }

    @Override
    public void flush() {
        // there is nowhere to write to
    }

    @Override
    public void close() {
        // nothing is open
    }
}
