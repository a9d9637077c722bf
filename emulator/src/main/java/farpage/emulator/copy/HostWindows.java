package farpage.emulator.copy;

import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import java.lang.foreign.MemorySegment;

/// The machine's RAM as buffers of a device that uses it in place: windows of equal size, no larger
/// than the device and the binding permit.
///
/// @opencl CL_MEM_USE_HOST_PTR, CL_DEVICE_MAX_MEM_ALLOC_SIZE
final class HostWindows implements PageBuffers, AutoCloseable {
    /// For a device that can not use RAM.
    static final HostWindows NONE = new HostWindows(new ClBuffer[0], 30);

    private final ClBuffer[] windows;
    private final int shift;

    private HostWindows(ClBuffer[] windows, int shift) {
        this.windows = windows;
        this.shift = shift;
    }

    /// The most bytes of a window that device and binding permit.
    static long sizeMax(ClContext context, ClDevice device) {
        return Math.min(device.info().maxAllocation(), context.hostMemoryMax());
    }

    /// Makes the windows, of at most that many bytes each; if one can not be made, the others are
    /// given back.
    static HostWindows open(ClContext context, MemorySegment ram, long sizeMax) {
        long size = Long.highestOneBit(Math.min(sizeMax, PageSize.pageAddress(1L << 30)));
        ClBuffer[] windows = new ClBuffer[(int) Math.ceilDiv(ram.byteSize(), size)];
        int made = 0;
        try {
            for (; made < windows.length; made++) {
                long offset = made * size;
                MemorySegment part = ram.asSlice(offset, Math.min(size, ram.byteSize() - offset));
                windows[made] = context.createBuffer(part, ClMemoryFlag.USE_HOST_PTR);
            }
        } catch (ClException e) {
            for (int i = 0; i < made; i++) {
                windows[i].close();
            }
            throw e;
        }
        return new HostWindows(windows, Long.numberOfTrailingZeros(PageSize.pageNumber(size)));
    }

    /// The buffer that holds a system page.
    @Override
    public ClBuffer buffer(long page) {
        return windows[number(page)];
    }

    ClBuffer window(int number) {
        return windows[number];
    }

    /// Which window holds a system page.
    int number(long page) {
        return (int) (Page.pfn(page) >> shift);
    }

    /// The page's place in its buffer.
    long index(long page) {
        return Page.pfn(page) & ((1L << shift) - 1);
    }

    @Override
    public long offset(long page) {
        return PageSize.pageAddress(index(page));
    }

    /// How many pages from this one on lie in the same window.
    @Override
    public int pagesToEnd(long page) {
        return (int) ((1L << shift) - index(page));
    }

    /// Gives the buffers back, not the memory.
    @Override
    public void close() {
        for (ClBuffer window : windows) {
            window.close();
        }
    }
}
