package farpage.emulator.bench;

import farpage.emulator.copy.PageBuffers;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import java.util.ArrayList;
import java.util.List;

/// Device memory without a memory manager: buffers one after another, pages by their number.
///
/// @opencl cl_mem
final class BareHeap implements PageBuffers, AutoCloseable {
    private final List<ClBuffer> buffers = new ArrayList<>();
    private final int bufferPages;

    /// @param bufferBytes the most that one buffer holds
    /// @throws ClException if the device has not so much
    BareHeap(ClContext context, long bytes, long bufferBytes) {
        this.bufferPages = Math.toIntExact(PageSize.pageNumber(Math.min(bytes, bufferBytes)));
        boolean complete = false;
        try {
            for (long made = 0; made < bytes; made += PageSize.pageAddress(bufferPages)) {
                long size = Math.min(PageSize.pageAddress(bufferPages), bytes - made);
                buffers.add(context.createBuffer(size, ClMemoryFlag.READ_WRITE));
            }
            complete = true;
        } finally {
            if (!complete) {
                close();
            }
        }
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
        buffers.forEach(ClBuffer::close);
    }
}
