package farpage.opencl.kernel;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClDevice;
import farpage.opencl.ClEvent;
import farpage.opencl.ClException;
import farpage.opencl.ClKernel;
import farpage.opencl.ClProgram;
import farpage.opencl.ClQueue;
import farpage.opencl.WorkSize;
import farpage.opencl.kernel.layout.PageListLayout;

/// What the launchers of kernels over a list of pages have in common: the program, the work size
/// and the checks.
///
/// Arguments are state of the kernel object, so setting them and enqueueing is one step, under this
/// object's monitor.
///
/// @opencl clSetKernelArg, clEnqueueNDRangeKernel
abstract class PageKernel implements AutoCloseable {
    /// Work-items in a group where each goes through a page of its own: few, because they are long.
    static final int ITEMS_PER_GROUP = 16;

    private static final int PAGE_SHIFT_MIN = 12;
    private static final int PAGE_SHIFT_MAX = 21;
    private static final long GROUP_SIZE = 128;

    private final ClProgram program;
    private final ClKernel kernel;
    private final ClDevice device;
    private final PageShape shape;
    private final long groupSize;

    PageKernel(String name, ClContext context, ClDevice device, PageShape shape) {
        this.device = device;
        this.shape = shape;
        this.program = KernelSource.of(name).build(context, shape.option());
        ClKernel created = null;
        try {
            created = program.createKernel(name);
            this.groupSize = Math.min(GROUP_SIZE, created.maxWorkGroupSize(device));
            this.kernel = created;
        } catch (ClException e) {
            if (created != null) {
                created.close();
            }
            program.close();
            throw e;
        }
    }

    final ClKernel kernel() {
        return kernel;
    }

    final PageShape shape() {
        return shape;
    }

    /// Work-items in a group when a group shares a page: a power of two.
    final long groupSize() {
        return Long.highestOneBit(groupSize);
    }

    /// The work size for that many pages.
    WorkSize workSize(int count) {
        return switch (shape) {
            case ITEM_PER_PAGE -> WorkSize.covering(count, ITEMS_PER_GROUP);
            case GROUP_PER_PAGE -> WorkSize.perGroup(count, groupSize());
        };
    }

    /// Checks what every page kernel is given. That the listed pages lie in the heap is the
    /// caller's business: the list is on the device.
    final void check(ClQueue queue, ClBuffer pages, int first, int count, int pageShift) {
        if (!queue.device().equals(device)) {
            throw new IllegalArgumentException(
                    kernel.name() + ": device=" + queue.device() + ", limit=" + device);
        }
        if (pageShift < PAGE_SHIFT_MIN || pageShift > PAGE_SHIFT_MAX) {
            throw new IllegalArgumentException(
                    kernel.name() + ": pageShift=" + pageShift + ", limit=12 to 21");
        }
        if (first < 0 || count <= 0) {
            throw new IllegalArgumentException(
                    kernel.name() + ": first=" + first + " count=" + count + ", limit=0 and 1");
        }
        range("pages", (long) first + count, PageListLayout.ENTRY_SIZE, pages);
    }

    /// Checks that `units` units of `unitSize` bytes lie in a buffer.
    final void range(String what, long units, long unitSize, ClBuffer buffer) {
        if (units > buffer.size() / unitSize) {
            throw new IllegalArgumentException(
                    kernel.name()
                            + ": "
                            + what
                            + "="
                            + units
                            + ", limit="
                            + buffer.size() / unitSize);
        }
    }

    final ClEvent launch(ClQueue queue, int count, ClEvent[] waitFor) {
        return queue.launch(kernel, workSize(count), waitFor);
    }

    final void enqueue(ClQueue queue, int count) {
        queue.enqueueLaunch(kernel, workSize(count));
    }

    /// Gives kernel and program back.
    @Override
    public final void close() {
        kernel.close();
        program.close();
    }
}
