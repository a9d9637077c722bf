package farpage.emulator.bench;

import farpage.emulator.copy.CopyDevice;
import farpage.emulator.copy.PageBuffers;
import farpage.emulator.workload.OwnedResources;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClMemoryFlag;
import java.util.ArrayList;
import java.util.List;

/// Device memory without a memory manager: buffers one after another, pages by their number. They
/// are made as the devices' own memory is: over memory of the host where the device uses that in
/// place.
///
/// @opencl cl_mem
final class BareHeap implements PageBuffers, AutoCloseable {
    /// What every binding can make of host memory.
    private static final long BUFFER_MAX = 1L << 30;

    private final OwnedResources owned = new OwnedResources();
    private final List<ClBuffer> buffers = new ArrayList<>();
    private final int bufferPages;

    /// @throws farpage.opencl.ClException if the device has not so much
    BareHeap(CopyDevice device, long bytes) {
        long limit = Math.min(BUFFER_MAX, device.device().info().maxAllocation());
        this.bufferPages = Math.toIntExact(PageSize.pageNumber(Math.min(bytes, limit)));
        boolean complete = false;
        try {
            for (long made = 0; made < bytes; made += PageSize.pageAddress(bufferPages)) {
                add(device, Math.min(PageSize.pageAddress(bufferPages), bytes - made));
            }
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
    }

    private void add(CopyDevice device, long size) {
        ClBuffer buffer;
        if (device.abilities().usesHostMemory()) {
            HostMemory memory = new HostMemory(size);
            owned.add(memory::close);
            buffer =
                    device.context()
                            .createBuffer(
                                    memory.segment(),
                                    ClMemoryFlag.READ_WRITE,
                                    ClMemoryFlag.USE_HOST_PTR);
        } else {
            buffer = device.context().createBuffer(size, ClMemoryFlag.READ_WRITE);
        }
        owned.add(buffer::close);
        buffers.add(buffer);
    }

    @Override
    public ClBuffer buffer(long page) {
        return buffers.get((int) (Page.devicePfn(page) / bufferPages));
    }

    @Override
    public long offset(long page) {
        return PageSize.pageAddress(Page.devicePfn(page) % bufferPages);
    }

    @Override
    public int pagesToEnd(long page) {
        return bufferPages - (int) (Page.devicePfn(page) % bufferPages);
    }

    @Override
    public void close() {
        owned.close();
    }
}
