package farpage.emulator.copy;

import farpage.mm.PageSize;
import farpage.opencl.ClBuffer;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import farpage.opencl.kernel.ChecksumPages;
import farpage.opencl.kernel.layout.PageListLayout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Lets a device read pages where they lie, be they its own or of a node that is its memory: a
/// kernel sums up each. [farpage.opencl.kernel.PageChecksum] gives the same sums on the host.
///
/// For one thread at a time.
///
/// @opencl checksum_pages.cl
public final class PageSums implements AutoCloseable {
    private final int pageCountMax;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment list;
    private final MemorySegment sums;
    private final ClQueue queue;
    private final ClBuffer deviceList;
    private final ClBuffer deviceSums;
    private final ChecksumPages kernel;

    /// @param device stays the caller's, and is closed after this
    /// @param pageCountMax the most pages of one call
    /// @throws ClException if queue, buffers or kernel can not be made
    public PageSums(CopyDevice device, int pageCountMax) {
        this.pageCountMax = pageCountMax;
        this.list = arena.allocate(PageListLayout.size(pageCountMax), Long.BYTES);
        this.sums = arena.allocate((long) pageCountMax * Long.BYTES, Long.BYTES);
        this.queue = device.context().createQueue(device.device());
        this.deviceList = device.context().createBuffer(list.byteSize(), ClMemoryFlag.READ_WRITE);
        this.deviceSums = device.context().createBuffer(sums.byteSize(), ClMemoryFlag.READ_WRITE);
        this.kernel = new ChecksumPages(device.context(), device.device());
    }

    /// The sums of pages.
    ///
    /// @param where the pages lie
    /// @param result takes one for each page
    /// @throws ClException if the device fails
    @SuppressWarnings("ReferenceEquality") // a buffer is known by identity
    public void of(PageBuffers where, long[] pages, int count, long[] result) {
        if (count > pageCountMax) {
            throw new IllegalArgumentException("count: value=" + count + ", limit=" + pageCountMax);
        }
        for (int i = 0; i < count; i++) {
            PageListLayout.set(list, i, PageSize.pageNumber(where.offset(pages[i])));
        }
        queue.writeBlocking(deviceList, 0, list.asSlice(0, PageListLayout.size(count)));
        for (int first = 0; first < count; ) {
            ClBuffer heap = where.buffer(pages[first]);
            int end = first + 1;
            while (end < count && where.buffer(pages[end]) == heap) {
                end++;
            }
            try (ClEvent done =
                    kernel.launch(
                            queue,
                            heap,
                            deviceList,
                            first,
                            end - first,
                            deviceSums,
                            first,
                            PageSize.PAGE_SHIFT)) {
                queue.flush();
                done.await();
            }
            first = end;
        }
        queue.readBlocking(deviceSums, 0, sums.asSlice(0, (long) count * Long.BYTES));
        for (int i = 0; i < count; i++) {
            result[i] = sums.getAtIndex(ValueLayout.JAVA_LONG, i);
        }
    }

    @Override
    public void close() {
        kernel.close();
        deviceSums.close();
        deviceList.close();
        queue.close();
        arena.close();
    }
}
