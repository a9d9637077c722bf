package farpage.emulator.devmem;

import farpage.mm.PageSize;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.PagemapRequest;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClMemoryFlag;

/// Chunks of device-private memory: plain buffers, wherever the machine has numbers for them.
///
/// @kernel lib/test_hmm.c: dmirror_allocate_chunk, MEMORY_DEVICE_PRIVATE
public final class PrivateChunks implements ChunkSource {
    private final ClContext context;
    private final DevicePrivateOps ops;
    private final Object owner;

    /// @param context where the buffers are made
    /// @param ops for the pagemaps
    /// @param owner of the pagemaps
    public PrivateChunks(ClContext context, DevicePrivateOps ops, Object owner) {
        this.context = context;
        this.ops = ops;
        this.owner = owner;
    }

    @Override
    public ChunkSpace make(int pageCount) {
        ClBuffer buffer =
                context.createBuffer(PageSize.pageAddress(pageCount), ClMemoryFlag.READ_WRITE);
        return new ChunkSpace(
                buffer, PagemapRequest.devicePrivate(pageCount, ops, owner), buffer::close);
    }

    @Override
    public void close() {
        // Each chunk gives its buffer back itself.
    }
}
