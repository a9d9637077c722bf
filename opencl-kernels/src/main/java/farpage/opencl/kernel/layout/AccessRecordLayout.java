package farpage.opencl.kernel.layout;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// One memory access of a program, 16 bytes.
///
/// | bytes | field |
/// | --- | --- |
/// | 0 to 7 | sequence: the number of the access in its program |
/// | 8 to 11 | result: which slot takes the hash of what was read; of no use to a store |
/// | 12, 13 | offset in the page |
/// | 14, 15 | bits 0 to 12 size in bytes, bit 13 zero, bits 14 and 15 kind |
///
/// An access lies within one page; one that crosses a page boundary is two records.
///
/// @opencl access_record in layout.clh
public final class AccessRecordLayout {
    /// Bytes of one record.
    public static final int SIZE = 16;

    /// The largest access in bytes, also one past the largest offset.
    public static final int ACCESS_SIZE_LIMIT = 4096;

    /// Reads; its hash is stored.
    public static final int LOAD = 0;

    /// Writes what [farpage.opencl.kernel.AccessContents] says.
    public static final int STORE = 1;

    /// Reads, then writes.
    public static final int MODIFY = 2;

    static final int SEQUENCE_OFFSET = 0;
    static final int RESULT_OFFSET = 8;
    static final int OFFSET_OFFSET = 12;
    static final int SIZE_AND_KIND_OFFSET = 14;
    static final int SIZE_MASK = 0x1FFF;
    static final int KIND_SHIFT = 14;

    private AccessRecordLayout() {}

    /// Bytes of that many records.
    public static long size(int count) {
        return (long) count * SIZE;
    }

    /// Stores a record.
    public static void set(
            MemorySegment records,
            int index,
            int kind,
            int offset,
            int size,
            long sequence,
            int result) {
        assert kind >= LOAD;
        assert kind <= MODIFY;
        assert offset >= 0;
        assert size >= 1;
        assert offset + size <= ACCESS_SIZE_LIMIT;
        long at = size(index);
        records.set(ValueLayout.JAVA_LONG, at + SEQUENCE_OFFSET, sequence);
        records.set(ValueLayout.JAVA_INT, at + RESULT_OFFSET, result);
        records.set(ValueLayout.JAVA_SHORT, at + OFFSET_OFFSET, (short) offset);
        int sizeAndKind = size | kind << KIND_SHIFT;
        records.set(ValueLayout.JAVA_SHORT, at + SIZE_AND_KIND_OFFSET, (short) sizeAndKind);
    }

    /// The number of the access.
    public static long sequence(MemorySegment records, int index) {
        return records.get(ValueLayout.JAVA_LONG, size(index) + SEQUENCE_OFFSET);
    }

    /// The slot of its result.
    public static int result(MemorySegment records, int index) {
        return records.get(ValueLayout.JAVA_INT, size(index) + RESULT_OFFSET);
    }

    /// Its offset in the page.
    public static int offset(MemorySegment records, int index) {
        short offset = records.get(ValueLayout.JAVA_SHORT, size(index) + OFFSET_OFFSET);
        return Short.toUnsignedInt(offset);
    }

    /// How many bytes it touches.
    public static int accessSize(MemorySegment records, int index) {
        return sizeAndKind(records, index) & SIZE_MASK;
    }

    /// LOAD, STORE or MODIFY.
    public static int kind(MemorySegment records, int index) {
        return sizeAndKind(records, index) >>> KIND_SHIFT;
    }

    private static int sizeAndKind(MemorySegment records, int index) {
        short word = records.get(ValueLayout.JAVA_SHORT, size(index) + SIZE_AND_KIND_OFFSET);
        return Short.toUnsignedInt(word);
    }
}
