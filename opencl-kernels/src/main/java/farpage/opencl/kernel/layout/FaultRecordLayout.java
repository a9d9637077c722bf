package farpage.opencl.kernel.layout;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The faults of a launch: a header of 8 bytes that counts them, then records of 8 bytes.
///
/// | bytes of a record | field |
/// | --- | --- |
/// | 0 to 3 | index of the task |
/// | 4 to 7 | what it needs: READ or WRITE |
///
/// The count goes on when there is no room left: faults beyond the capacity are not recorded, their
/// tasks stay undone and fault again at the next launch.
///
/// @opencl fault_header and fault_record in layout.clh
public final class FaultRecordLayout {
    /// Bytes before the first record.
    public static final int HEADER_SIZE = 8;

    /// Bytes of one record.
    public static final int SIZE = 8;

    /// The task only reads.
    public static final int READ = 0;

    /// The task writes.
    public static final int WRITE = 1;

    static final int COUNT_OFFSET = 0;
    static final int TASK_OFFSET = 0;
    static final int KIND_OFFSET = 4;

    private FaultRecordLayout() {}

    /// Bytes of a buffer with room for that many records.
    public static long size(int capacity) {
        return HEADER_SIZE + (long) capacity * SIZE;
    }

    /// How many faults there were, recorded or not.
    public static int count(MemorySegment faults) {
        return faults.get(ValueLayout.JAVA_INT, COUNT_OFFSET);
    }

    /// Forgets them.
    public static void clear(MemorySegment faults) {
        faults.set(ValueLayout.JAVA_INT, COUNT_OFFSET, 0);
    }

    /// The task of a record.
    public static int task(MemorySegment faults, int index) {
        return faults.get(ValueLayout.JAVA_INT, at(index) + TASK_OFFSET);
    }

    /// READ or WRITE.
    public static int kind(MemorySegment faults, int index) {
        return faults.get(ValueLayout.JAVA_INT, at(index) + KIND_OFFSET);
    }

    private static long at(int index) {
        return HEADER_SIZE + (long) index * SIZE;
    }
}
