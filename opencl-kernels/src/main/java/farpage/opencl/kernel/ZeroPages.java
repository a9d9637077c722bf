package farpage.opencl.kernel;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClEvent;
import farpage.opencl.ClQueue;

/// Clears pages of a heap buffer.
///
/// A page that nothing was ever written to migrates as a hole: the device clears its copy itself
/// instead of receiving zeroes.
///
/// @opencl zero_pages.cl
public final class ZeroPages extends PageKernel {
    /// Builds the kernel in the shape that suits the device.
    public ZeroPages(ClContext context, ClDevice device) {
        this(context, device, PageShape.of(device));
    }

    /// Builds the kernel in a given shape.
    public ZeroPages(ClContext context, ClDevice device, PageShape shape) {
        super("zero_pages", context, device, shape);
    }

    /// Enqueues the clearing of `count` pages.
    ///
    /// @param pages the list of pages, see [farpage.opencl.kernel.layout.PageListLayout]
    /// @param first where in the list to start
    public synchronized ClEvent launch(
            ClQueue queue,
            ClBuffer heap,
            ClBuffer pages,
            int first,
            int count,
            int pageShift,
            ClEvent... waitFor) {
        arguments(queue, heap, pages, first, count, pageShift);
        return launch(queue, count, waitFor);
    }

    /// [#launch] without an event.
    public synchronized void enqueue(
            ClQueue queue, ClBuffer heap, ClBuffer pages, int first, int count, int pageShift) {
        arguments(queue, heap, pages, first, count, pageShift);
        enqueue(queue, count);
    }

    private void arguments(
            ClQueue queue, ClBuffer heap, ClBuffer pages, int first, int count, int pageShift) {
        check(queue, pages, first, count, pageShift);
        kernel().setBuffer(0, heap);
        kernel().setBuffer(1, pages);
        kernel().setInt(2, first);
        kernel().setInt(3, count);
        kernel().setInt(4, pageShift);
    }
}
