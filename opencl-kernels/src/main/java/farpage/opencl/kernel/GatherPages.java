package farpage.opencl.kernel;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClEvent;
import farpage.opencl.ClQueue;

/// Collects pages of a heap buffer into consecutive places of a staging buffer.
///
/// The way from the device: scattered pages become one run, which one transfer moves to the host.
///
/// @opencl gather_pages.cl
public final class GatherPages extends PageKernel {
    /// Builds the kernel in the shape that suits the device.
    public GatherPages(ClContext context, ClDevice device) {
        this(context, device, PageShape.of(device));
    }

    /// Builds the kernel in a given shape.
    public GatherPages(ClContext context, ClDevice device, PageShape shape) {
        super("gather_pages", context, device, shape);
    }

    /// Enqueues the copy of `count` pages.
    ///
    /// @param pages the list of pages, see [farpage.opencl.kernel.layout.PageListLayout]
    /// @param first where in the list to start
    /// @param stagingPage the place of the first page in the staging buffer, in pages
    public synchronized ClEvent launch(
            ClQueue queue,
            ClBuffer heap,
            ClBuffer pages,
            int first,
            int count,
            ClBuffer staging,
            int stagingPage,
            int pageShift,
            ClEvent... waitFor) {
        arguments(queue, heap, pages, first, count, staging, stagingPage, pageShift);
        return launch(queue, count, waitFor);
    }

    /// [#launch] without an event.
    public synchronized void enqueue(
            ClQueue queue,
            ClBuffer heap,
            ClBuffer pages,
            int first,
            int count,
            ClBuffer staging,
            int stagingPage,
            int pageShift) {
        arguments(queue, heap, pages, first, count, staging, stagingPage, pageShift);
        enqueue(queue, count);
    }

    private void arguments(
            ClQueue queue,
            ClBuffer heap,
            ClBuffer pages,
            int first,
            int count,
            ClBuffer staging,
            int stagingPage,
            int pageShift) {
        check(queue, pages, first, count, pageShift);
        range("staging pages", (long) stagingPage + count, 1L << pageShift, staging);
        kernel().setBuffer(0, heap);
        kernel().setBuffer(1, pages);
        kernel().setInt(2, first);
        kernel().setInt(3, count);
        kernel().setBuffer(4, staging);
        kernel().setInt(5, stagingPage);
        kernel().setInt(6, pageShift);
    }
}
