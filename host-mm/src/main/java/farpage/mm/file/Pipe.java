package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.HostMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;

/// A pipe that is filled with pages of files, and not with copies of them. Each page has a
/// reference until its bytes were read: it is not freed, nor moved, nor given to a device before.
/// So who reads gets what is in the page then. A page that left its file meanwhile keeps what it
/// had.
///
/// Nobody waits here: a full pipe takes nothing, and an empty one has nothing.
///
/// @kernel include/linux/pipe_fs_i.h: struct pipe_inode_info
public final class Pipe implements AutoCloseable {
    /// Slots of a pipe.
    ///
    /// @kernel include/linux/pipe_fs_i.h: PIPE_DEF_BUFFERS
    public static final int SLOTS = 16;

    private final Machine machine;
    private final RankedLock lock = new RankedLock(LockRank.PIPE);
    private final ArrayDeque<PipeBuffer> buffers = new ArrayDeque<>(SLOTS);

    Pipe(Machine machine) {
        this.machine = machine;
    }

    /// Keeps others from filling and reading it.
    void lock() {
        lock.lock();
    }

    void unlock() {
        lock.unlock();
    }

    boolean isFullLocked() {
        return buffers.size() == SLOTS;
    }

    /// Puts bytes of a page behind all others. The caller's reference is the pipe's from now on.
    ///
    /// @kernel mm/filemap.c: splice_folio_into_pipe
    void addLocked(PipeBuffer buffer) {
        assert lock.isHeldByCurrentThread();
        assert !isFullLocked() && buffer.length() > 0;
        buffers.addLast(buffer);
    }

    /// Bytes that can be read.
    public long size() {
        lock.lock();
        try {
            return buffers.stream().mapToLong(PipeBuffer::length).sum();
        } finally {
            lock.unlock();
        }
    }

    /// The pages that it has references to, each as often.
    public List<Long> pages() {
        lock.lock();
        try {
            return buffers.stream().map(PipeBuffer::page).toList();
        } finally {
            lock.unlock();
        }
    }

    /// Takes bytes out as they are now.
    ///
    /// @return bytes read, 0 if there are none; or the negative number of EIO for broken memory
    /// @kernel fs/pipe.c: anon_pipe_read
    public long read(MemorySegment to) {
        lock.lock();
        try {
            return takeLocked(
                    to.byteSize(),
                    (done, bytes) -> {
                        to.asSlice(done, bytes.byteSize()).copyFrom(bytes);
                        return bytes.byteSize();
                    });
        } finally {
            lock.unlock();
        }
    }

    /// Who takes bytes out.
    interface Taker {
        /// Takes some of the bytes.
        ///
        /// @param done bytes taken before
        /// @return how many were taken, or a negative error number
        long take(long done, MemorySegment bytes);
    }

    /// Hands bytes to somebody, page by page, and lets go of pages that were taken whole.
    ///
    /// @return bytes taken, or a negative error number if none were
    long takeLocked(long most, Taker taker) {
        assert lock.isHeldByCurrentThread();
        long done = 0;
        while (done < most && !buffers.isEmpty()) {
            PipeBuffer first = buffers.getFirst();
            int length = (int) Math.min(most - done, first.length());
            long taken =
                    isBroken(first)
                            ? -Errno.EIO.number()
                            : taker.take(done, bytes(first).asSlice(0, length));
            if (taken <= 0) {
                return done > 0 ? done : taken;
            }
            dropLocked((int) taken);
            done += taken;
        }
        return done;
    }

    private boolean isBroken(PipeBuffer buffer) {
        return machine.folios().hasFlag(buffer.page(), FolioFlags.HWPOISON);
    }

    private MemorySegment bytes(PipeBuffer buffer) {
        return machine.ram()
                .segment()
                .asSlice(HostMemory.offset(buffer.page()) + buffer.offset(), buffer.length());
    }

    private void dropLocked(int taken) {
        PipeBuffer first = buffers.removeFirst();
        if (taken < first.length()) {
            buffers.addFirst(first.without(taken));
        } else {
            machine.put(first.page());
        }
    }

    /// Lets go of all that was not read.
    ///
    /// @kernel fs/pipe.c: free_pipe_info
    @Override
    public void close() {
        lock.lock();
        try {
            while (!buffers.isEmpty()) {
                dropLocked(buffers.getFirst().length());
            }
        } finally {
            lock.unlock();
        }
        machine.files().released(this);
    }
}
