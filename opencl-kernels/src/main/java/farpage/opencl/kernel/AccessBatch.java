package farpage.opencl.kernel;

import farpage.opencl.ClBuffer;
import farpage.opencl.kernel.layout.AccessRecordLayout;
import farpage.opencl.kernel.layout.AccessTaskLayout;
import farpage.opencl.kernel.layout.FaultRecordLayout;

/// The buffers of one batch of accesses, which stay the same over its relaunches.
///
/// Tasks and records are uploaded once; only page table entries change from launch to launch.
/// Before the first launch the host clears `done`, and before each launch the count of `faults`.
///
/// @param tasks see [AccessTaskLayout]
/// @param taskCount tasks in use
/// @param records see [AccessRecordLayout]; the tasks refer to them
/// @param results one 64-bit hash for each slot that the records name
/// @param done one byte for each task, 0 until it ran
/// @param faults see [FaultRecordLayout]
/// @param faultCapacity fault records that fit
/// @param seed what contents follow from, beside the accesses; see [AccessContents]
/// @opencl The arguments of device_access.cl
public record AccessBatch(
        ClBuffer tasks,
        int taskCount,
        ClBuffer records,
        ClBuffer results,
        ClBuffer done,
        ClBuffer faults,
        int faultCapacity,
        long seed) {
    /// Checks that the buffers are large enough for the counts.
    public AccessBatch {
        if (taskCount <= 0) {
            throw new IllegalArgumentException("AccessBatch: taskCount=" + taskCount + ", limit=1");
        }
        atLeast("tasks", tasks, AccessTaskLayout.size(taskCount));
        atLeast("records", records, AccessRecordLayout.SIZE);
        atLeast("done", done, taskCount);
        atLeast("faults", faults, FaultRecordLayout.size(faultCapacity));
    }

    private static void atLeast(String what, ClBuffer buffer, long size) {
        if (buffer.size() < size) {
            throw new IllegalArgumentException(
                    "AccessBatch: " + what + "=" + buffer.size() + " bytes, limit=" + size);
        }
    }
}
