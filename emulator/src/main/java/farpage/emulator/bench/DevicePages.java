package farpage.emulator.bench;

import farpage.emulator.copy.PageBuffers;
import farpage.mm.PageSize;
import farpage.mm.memory.HostMemory;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClQueue;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/// Stores and compares pages of a device by plain transfers on a queue of its own, apart from the
/// engine whose copies are in question.
///
/// @opencl clEnqueueWriteBuffer, clEnqueueReadBuffer
final class DevicePages implements AutoCloseable {
    /// Pages that go through the host's memory at once.
    private static final int ROW_PAGES = 4096;

    private static final long INVERT = 0xFF;

    private final PageBuffers buffers;
    private final PageContents contents;
    private final ClQueue queue;
    private final HostMemory memory = new HostMemory(PageSize.pageAddress(ROW_PAGES));
    private final MemorySegment row = memory.segment();

    DevicePages(ClContext context, ClDevice device, PageBuffers buffers, PageContents contents) {
        this.buffers = buffers;
        this.contents = contents;
        this.queue = context.createQueue(device);
    }

    /// Stores the contents of a round in pages; which one each is, is its place in the array.
    void fill(long[] pages, int count, long round) {
        for (int first = 0; first < count; first += ROW_PAGES) {
            int length = Math.min(ROW_PAGES, count - first);
            for (int i = 0; i < length; i++) {
                contents.fill(row, PageSize.pageAddress(i), first + i, round);
            }
            for (int i = 0; i < length; ) {
                long page = pages[first + i];
                int run = run(pages, first + i, length - i);
                queue.enqueueWrite(
                        buffers.buffer(page),
                        buffers.offset(page),
                        row,
                        PageSize.pageAddress(i),
                        PageSize.pageAddress(run));
                i += run;
            }
            queue.finish();
        }
    }

    /// How many pages from a place on lie one after another.
    private int run(long[] pages, int first, int limit) {
        int most = Math.min(limit, buffers.pagesToEnd(pages[first]));
        int run = 1;
        while (run < most && pages[first + run] == pages[first] + run) {
            run++;
        }
        return run;
    }

    /// Compares every byte of pages with the contents of a round.
    ///
    /// @return where the first difference is, if there is one
    Optional<String> mismatch(long[] pages, int count, long round) {
        for (int first = 0; first < count; first += ROW_PAGES) {
            int length = Math.min(ROW_PAGES, count - first);
            for (int i = 0; i < length; ) {
                long page = pages[first + i];
                int run = run(pages, first + i, length - i);
                queue.enqueueRead(
                        buffers.buffer(page),
                        buffers.offset(page),
                        row,
                        PageSize.pageAddress(i),
                        PageSize.pageAddress(run));
                i += run;
            }
            queue.finish();
            for (int i = 0; i < length; i++) {
                int wrong = contents.mismatch(row, PageSize.pageAddress(i), first + i, round);
                if (wrong >= 0) {
                    return Optional.of(
                            "byte %d of page %d on the device is wrong"
                                    .formatted(wrong, first + i));
                }
            }
        }
        return Optional.empty();
    }

    /// Inverts a byte of a page.
    void corrupt(long page, int offset) {
        queue.readBlocking(
                buffers.buffer(page), buffers.offset(page), row.asSlice(0, PageSize.PAGE_SIZE));
        byte right = row.get(ValueLayout.JAVA_BYTE, offset);
        queue.fill(
                        buffers.buffer(page),
                        buffers.offset(page) + offset,
                        1,
                        (right ^ INVERT) & INVERT,
                        1)
                .close();
        queue.finish();
    }

    @Override
    public void close() {
        queue.close();
        memory.close();
    }
}
