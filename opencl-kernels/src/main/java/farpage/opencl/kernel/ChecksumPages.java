package farpage.opencl.kernel;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClEvent;
import farpage.opencl.ClQueue;
import farpage.opencl.WorkSize;

/// Computes the checksum of pages of a heap buffer where they lie.
///
/// [PageChecksum] defines it and computes the same on the host, so that the contents of a page can
/// be compared across a migration without moving it.
///
/// @opencl checksum_pages.cl
public final class ChecksumPages extends PageKernel {
    /// Work-items that share a page in the shape for GPUs: one for each lane of the checksum.
    private static final int LANES = 8;

    /// Builds the kernel in the shape that suits the device.
    public ChecksumPages(ClContext context, ClDevice device) {
        this(context, device, PageShape.of(device));
    }

    /// Builds the kernel in a given shape.
    public ChecksumPages(ClContext context, ClDevice device, PageShape shape) {
        super("checksum_pages", context, device, shape);
    }

    /// Enqueues the checksums of `count` pages.
    ///
    /// @param pages the list of pages, see [farpage.opencl.kernel.layout.PageListLayout]
    /// @param first where in the list to start
    /// @param sums receives one 64-bit checksum for each page
    /// @param firstSum where in `sums` to start, in checksums
    public synchronized ClEvent launch(
            ClQueue queue,
            ClBuffer heap,
            ClBuffer pages,
            int first,
            int count,
            ClBuffer sums,
            int firstSum,
            int pageShift,
            ClEvent... waitFor) {
        arguments(queue, heap, pages, first, count, sums, firstSum, pageShift);
        return launch(queue, count, waitFor);
    }

    /// [#launch] without an event.
    public synchronized void enqueue(
            ClQueue queue,
            ClBuffer heap,
            ClBuffer pages,
            int first,
            int count,
            ClBuffer sums,
            int firstSum,
            int pageShift) {
        arguments(queue, heap, pages, first, count, sums, firstSum, pageShift);
        enqueue(queue, count);
    }

    @Override
    WorkSize workSize(int count) {
        return switch (shape()) {
            case ITEM_PER_PAGE -> WorkSize.covering(count, ITEMS_PER_GROUP);
            case GROUP_PER_PAGE -> {
                long pagesPerGroup = Math.max(1, groupSize() / LANES);
                long groups = Math.ceilDiv((long) count, pagesPerGroup);
                yield WorkSize.perGroup(groups, pagesPerGroup * LANES);
            }
        };
    }

    private void arguments(
            ClQueue queue,
            ClBuffer heap,
            ClBuffer pages,
            int first,
            int count,
            ClBuffer sums,
            int firstSum,
            int pageShift) {
        check(queue, pages, first, count, pageShift);
        range("sums", (long) firstSum + count, Long.BYTES, sums);
        kernel().setBuffer(0, heap);
        kernel().setBuffer(1, pages);
        kernel().setInt(2, first);
        kernel().setInt(3, count);
        kernel().setBuffer(4, sums);
        kernel().setInt(5, firstSum);
        kernel().setInt(6, pageShift);
        if (shape() == PageShape.GROUP_PER_PAGE) {
            kernel().setLocal(7, workSize(count).local() * Long.BYTES);
        }
    }
}
