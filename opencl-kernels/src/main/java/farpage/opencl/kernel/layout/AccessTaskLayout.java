package farpage.opencl.kernel.layout;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// All accesses of one batch to one page, 16 bytes: what one work-item does.
///
/// | bytes | field |
/// | --- | --- |
/// | 0 to 7 | virtual page number, for the host's use |
/// | 8 to 11 | index of the first record |
/// | 12 to 15 | bits 0 to 30 count of records, bit 31 set when one of them stores or modifies |
///
/// @opencl access_task in layout.clh
public final class AccessTaskLayout {
    /// Bytes of one task.
    public static final int SIZE = 16;

    static final int VIRTUAL_PAGE_OFFSET = 0;
    static final int FIRST_RECORD_OFFSET = 8;
    static final int COUNT_AND_WRITE_OFFSET = 12;
    static final int WRITE_BIT = 0x80000000;

    private AccessTaskLayout() {}

    /// Bytes of that many tasks.
    public static long size(int count) {
        return (long) count * SIZE;
    }

    /// Stores a task.
    public static void set(
            MemorySegment tasks,
            int index,
            long virtualPage,
            int firstRecord,
            int recordCount,
            boolean writes) {
        assert firstRecord >= 0;
        assert recordCount >= 1;
        long at = size(index);
        tasks.set(ValueLayout.JAVA_LONG, at + VIRTUAL_PAGE_OFFSET, virtualPage);
        tasks.set(ValueLayout.JAVA_INT, at + FIRST_RECORD_OFFSET, firstRecord);
        int countAndWrite = recordCount | (writes ? WRITE_BIT : 0);
        tasks.set(ValueLayout.JAVA_INT, at + COUNT_AND_WRITE_OFFSET, countAndWrite);
    }

    /// The page it is about.
    public static long virtualPage(MemorySegment tasks, int index) {
        return tasks.get(ValueLayout.JAVA_LONG, size(index) + VIRTUAL_PAGE_OFFSET);
    }

    /// Its first record.
    public static int firstRecord(MemorySegment tasks, int index) {
        return tasks.get(ValueLayout.JAVA_INT, size(index) + FIRST_RECORD_OFFSET);
    }

    /// How many records it has.
    public static int recordCount(MemorySegment tasks, int index) {
        return countAndWrite(tasks, index) & ~WRITE_BIT;
    }

    /// Whether one of its accesses writes.
    public static boolean writes(MemorySegment tasks, int index) {
        return (countAndWrite(tasks, index) & WRITE_BIT) != 0;
    }

    private static int countAndWrite(MemorySegment tasks, int index) {
        return tasks.get(ValueLayout.JAVA_INT, size(index) + COUNT_AND_WRITE_OFFSET);
    }
}
