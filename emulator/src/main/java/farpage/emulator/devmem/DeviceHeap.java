package farpage.emulator.devmem;

import farpage.mm.PageSize;
import farpage.mm.memory.NativeRegion;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import java.util.BitSet;

/// Memory of the host that a device uses in place for its own, one buffer, of which chunks are
/// parts. So pages of several chunks lie in one buffer, and a kernel that copies reaches them all.
///
/// Reserving it takes no memory; what a chunk touched goes back to the host with the chunk. Whether
/// the device uses it in place was tried before.
///
/// @opencl CL_MEM_USE_HOST_PTR, clCreateSubBuffer
final class DeviceHeap implements AutoCloseable {
    private final NativeRegion region;
    private final ClBuffer buffer;
    private final long chunkSize;
    private final int slotCount;
    private final BitSet used = new BitSet();

    /// @param chunkSize of the largest chunk, to which all others are aligned too
    /// @param slotCount chunks that it has room for
    /// @throws farpage.opencl.ClException if the device refuses
    DeviceHeap(ClContext context, long chunkSize, int slotCount) {
        this.chunkSize = chunkSize;
        this.slotCount = slotCount;
        this.region = new NativeRegion(chunkSize * slotCount);
        boolean complete = false;
        try {
            this.buffer = context.createBuffer(region.segment(), ClMemoryFlag.USE_HOST_PTR);
            complete = true;
        } finally {
            if (!complete) {
                region.close();
            }
        }
    }

    /// Whether a chunk of that many bytes finds a place.
    boolean hasRoom(long size) {
        return size <= chunkSize && used.cardinality() < slotCount;
    }

    ClBuffer buffer() {
        return buffer;
    }

    /// Takes the place of a chunk.
    ///
    /// @return where it begins, in bytes
    long take() {
        int slot = used.nextClearBit(0);
        assert slot < slotCount;
        used.set(slot);
        return slot * chunkSize;
    }

    /// A part as a buffer of its own, for kernels that know one chunk.
    ///
    /// @throws ClException if the device refuses
    ClBuffer part(long offset, int pageCount) {
        return buffer.subBuffer(offset, PageSize.pageAddress(pageCount));
    }

    /// Gives the place of a chunk back, and what memory it took.
    void give(long offset) {
        used.clear((int) (offset / chunkSize));
        region.discard(offset, chunkSize);
    }

    @Override
    public void close() {
        assert used.isEmpty() : "closed with chunks left";
        buffer.close();
        region.close();
    }
}
