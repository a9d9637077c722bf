package farpage.emulator.workload;

import farpage.opencl.ClBuffer;
import farpage.opencl.ClContext;
import farpage.opencl.ClMemoryFlag;
import farpage.opencl.ClQueue;
import farpage.opencl.kernel.AccessBatch;
import farpage.opencl.kernel.layout.AccessRecordLayout;
import farpage.opencl.kernel.layout.AccessTaskLayout;
import farpage.opencl.kernel.layout.FaultRecordLayout;

/// The buffers through which a device is handed accesses, made once for the largest batch.
///
/// @opencl clCreateBuffer
final class AccessBuffers implements AutoCloseable {
    private final OwnedResources owned = new OwnedResources();
    private final ClBuffer tasks;
    private final ClBuffer records;
    private final ClBuffer results;
    private final ClBuffer done;
    private final ClBuffer faults;
    private final ClBuffer ptes;

    AccessBuffers(ClContext context, int taskCountMax, int accessCountMax) {
        boolean complete = false;
        try {
            tasks = newBuffer(context, AccessTaskLayout.size(taskCountMax), ClMemoryFlag.READ_ONLY);
            records =
                    newBuffer(
                            context,
                            AccessRecordLayout.size(accessCountMax),
                            ClMemoryFlag.READ_ONLY);
            results = newBuffer(context, (long) accessCountMax * Long.BYTES);
            done = newBuffer(context, roundUp(taskCountMax));
            faults = newBuffer(context, FaultRecordLayout.size(taskCountMax));
            ptes = newBuffer(context, (long) taskCountMax * Integer.BYTES, ClMemoryFlag.READ_ONLY);
            complete = true;
        } finally {
            if (!complete) {
                owned.close();
            }
        }
    }

    private ClBuffer newBuffer(ClContext context, long size, ClMemoryFlag... flags) {
        ClBuffer buffer = context.createBuffer(size, flags);
        owned.add(buffer::close);
        return buffer;
    }

    private static long roundUp(long size) {
        return (size + Long.BYTES - 1) & -Long.BYTES;
    }

    ClBuffer ptes() {
        return ptes;
    }

    /// Hands a batch over; nothing of it is done yet.
    AccessBatch upload(ClQueue queue, DeviceTasks batch, int faultCapacity, long seed) {
        queue.enqueueWrite(tasks, 0, batch.taskBytes(), 0, batch.taskBytes().byteSize());
        queue.enqueueWrite(records, 0, batch.recordBytes(), 0, batch.recordBytes().byteSize());
        queue.enqueueFill(done, 0, roundUp(batch.taskCount()), 0, Long.BYTES);
        queue.finish();
        return new AccessBatch(
                tasks, batch.taskCount(), records, results, done, faults, faultCapacity, seed);
    }

    @Override
    public void close() {
        owned.close();
    }
}
