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

/// Lets the device execute a program's accesses on its own pages, with faults that can be replayed.
///
/// One work-item executes all accesses of a batch to one page in their order; accesses to different
/// pages are independent, so any order between them gives the same memory. A task whose entry is
/// not there, or is read-only though the task writes, leaves a fault record, touches nothing and
/// stays undone: the host brings the page, writes the entry and launches the same batch again.
/// Finished tasks are skipped, so relaunches are cheap and nothing is executed twice.
///
/// Device memory that is larger than one buffer is a row of chunks of `chunkPages` pages. A launch
/// covers one chunk and leaves tasks whose page lies in another alone; of the launches over all
/// chunks one reports faults.
///
/// @opencl device_access.cl
public final class DeviceAccess implements AutoCloseable {
    private static final String NAME = "device_access";

    private final ClProgram program;
    private final ClKernel kernel;
    private final ClDevice device;

    /// Builds the kernel.
    public DeviceAccess(ClContext context, ClDevice device) {
        this.device = device;
        this.program = KernelSource.of(NAME).build(context, "");
        try {
            this.kernel = program.createKernel(NAME);
        } catch (ClException e) {
            program.close();
            throw e;
        }
    }

    /// Enqueues one launch of a batch for one chunk of device memory.
    ///
    /// @param ptes one entry for each task, see [farpage.opencl.kernel.layout.DevicePteLayout]
    /// @param heap the chunk
    /// @param chunk its number
    /// @param chunkPages pages of every chunk; the last may be shorter
    /// @param reportFaults whether tasks without a usable entry leave a fault record
    public synchronized ClEvent launch(
            ClQueue queue,
            AccessBatch batch,
            ClBuffer ptes,
            ClBuffer heap,
            int pageShift,
            int chunk,
            int chunkPages,
            boolean reportFaults,
            ClEvent... waitFor) {
        arguments(queue, batch, ptes, heap, pageShift, chunk, chunkPages, reportFaults);
        return queue.launch(
                kernel, WorkSize.covering(batch.taskCount(), PageKernel.ITEMS_PER_GROUP), waitFor);
    }

    /// [#launch] without an event.
    public synchronized void enqueue(
            ClQueue queue,
            AccessBatch batch,
            ClBuffer ptes,
            ClBuffer heap,
            int pageShift,
            int chunk,
            int chunkPages,
            boolean reportFaults) {
        arguments(queue, batch, ptes, heap, pageShift, chunk, chunkPages, reportFaults);
        queue.enqueueLaunch(
                kernel, WorkSize.covering(batch.taskCount(), PageKernel.ITEMS_PER_GROUP));
    }

    private void arguments(
            ClQueue queue,
            AccessBatch batch,
            ClBuffer ptes,
            ClBuffer heap,
            int pageShift,
            int chunk,
            int chunkPages,
            boolean reportFaults) {
        check(queue, batch, ptes, pageShift, chunk, chunkPages);
        kernel.setBuffer(0, batch.tasks());
        kernel.setInt(1, batch.taskCount());
        kernel.setBuffer(2, batch.records());
        kernel.setBuffer(3, ptes);
        kernel.setBuffer(4, heap);
        kernel.setBuffer(5, batch.results());
        kernel.setBuffer(6, batch.faults());
        kernel.setInt(7, batch.faultCapacity());
        kernel.setBuffer(8, batch.done());
        kernel.setLong(9, batch.seed());
        kernel.setInt(10, pageShift);
        kernel.setInt(11, chunk);
        kernel.setInt(12, chunkPages);
        kernel.setInt(13, reportFaults ? 1 : 0);
    }

    private void check(
            ClQueue queue,
            AccessBatch batch,
            ClBuffer ptes,
            int pageShift,
            int chunk,
            int chunkPages) {
        if (!queue.device().equals(device)) {
            throw new IllegalArgumentException(
                    NAME + ": device=" + queue.device() + ", limit=" + device);
        }
        if (ptes.size() < (long) batch.taskCount() * Integer.BYTES) {
            throw new IllegalArgumentException(
                    NAME + ": ptes=" + ptes.size() + " bytes, limit=4 for each task");
        }
        if (pageShift < 12 || pageShift > 21) {
            throw new IllegalArgumentException(
                    NAME + ": pageShift=" + pageShift + ", limit=12 to 21");
        }
        if (chunk < 0 || chunkPages <= 0) {
            throw new IllegalArgumentException(
                    NAME + ": chunk=" + chunk + " chunkPages=" + chunkPages + ", limit=0 and 1");
        }
    }

    /// Gives kernel and program back.
    @Override
    public void close() {
        kernel.close();
        program.close();
    }
}
