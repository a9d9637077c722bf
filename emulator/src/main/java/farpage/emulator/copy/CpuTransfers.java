package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.zonedevice.CpuMapping;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClException;
import farpage.opencl.ClQueue;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// The loads and stores of the machine's CPUs on a device whose memory they can not address: each
/// is a command of its own, on a queue beside the copy engine's, so that it waits for no copy.
///
/// It is called with a page table's lock held. Waiting for the device there is the access itself,
/// as a CPU waits for a slow bus; a device's command never waits for a lock of the memory manager.
///
/// @opencl clEnqueueReadBuffer, clEnqueueWriteBuffer, blocking
public final class CpuTransfers implements AutoCloseable {
    private final RankedLock lock = new RankedLock(LockRank.COPY_QUEUE);
    private final ClQueue queue;

    /// The command's side of a transfer, since the caller's memory may lie on the Java heap.
    private final MemorySegment page = Arena.ofAuto().allocate(PageSize.PAGE_SIZE);

    /// Takes the queue over.
    public CpuTransfers(ClQueue queue) {
        this.queue = queue;
    }

    /// How a CPU reaches the pages of a buffer.
    ///
    /// @param firstPage the page at the buffer's begin
    public CpuMapping mapping(ClBuffer buffer, long firstPage) {
        return new CpuMapping.ThroughDriver() {
            @Override
            public boolean load(
                    long page, long offset, MemorySegment to, long toOffset, long length) {
                long at = PageSize.pageAddress(page - firstPage) + offset;
                return CpuTransfers.this.load(buffer, at, to, toOffset, length);
            }

            @Override
            public boolean store(
                    long page, long offset, MemorySegment from, long fromOffset, long length) {
                long at = PageSize.pageAddress(page - firstPage) + offset;
                return CpuTransfers.this.store(buffer, at, from, fromOffset, length);
            }
        };
    }

    private boolean load(ClBuffer buffer, long at, MemorySegment to, long toOffset, long length) {
        lock.lock();
        try {
            queue.readBlocking(buffer, at, page.asSlice(0, length));
            MemorySegment.copy(page, 0, to, toOffset, length);
            return true;
        } catch (ClException e) {
            return false; // the CPU's memory error
        } finally {
            lock.unlock();
        }
    }

    private boolean store(
            ClBuffer buffer, long at, MemorySegment from, long fromOffset, long length) {
        lock.lock();
        try {
            MemorySegment.copy(from, fromOffset, page, 0, length);
            queue.writeBlocking(buffer, at, page.asSlice(0, length));
            return true;
        } catch (ClException e) {
            return false; // the CPU's memory error
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        queue.close();
    }
}
