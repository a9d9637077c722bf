package farpage.emulator.bench;

import farpage.emulator.devmem.ChunkSource;
import farpage.emulator.devmem.ChunkSpace;
import farpage.mm.PageSize;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.PagemapRequest;
import farpage.opencl.ClBuffer;

/// Chunks of device-private pages without memory: they have numbers and are registered, allocated
/// and freed as any others, but there is nothing to copy from or to.
///
/// @kernel lib/test_hmm.c: dmirror_allocate_chunk, without the pages behind it
final class UnbackedChunks implements ChunkSource {
    private final DevicePrivateOps ops;
    private final Object owner;

    /// @param ops for the pagemaps
    /// @param owner of the pagemaps
    UnbackedChunks(DevicePrivateOps ops, Object owner) {
        this.ops = ops;
        this.owner = owner;
    }

    /// Says how large it is, and can do nothing else.
    private static final class NoBuffer implements ClBuffer {
        private final long size;

        private NoBuffer(long size) {
            this.size = size;
        }

        @Override
        public long size() {
            return size;
        }

        @Override
        public long flagBits() {
            return 0;
        }

        @Override
        public ClBuffer subBuffer(long origin, long length) {
            throw new UnsupportedOperationException("no memory behind it");
        }

        @Override
        public boolean isClosed() {
            return false;
        }

        @Override
        public void close() {
            // Nothing is held.
        }
    }

    @Override
    public ChunkSpace make(int pageCount) {
        return new ChunkSpace(
                new NoBuffer(PageSize.pageAddress(pageCount)),
                PagemapRequest.devicePrivate(pageCount, ops, owner),
                () -> {});
    }

    @Override
    public void close() {
        // Nothing is held.
    }
}
