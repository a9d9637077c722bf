package farpage.opencl.kernel.layout;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A list of pages: their indices in a heap buffer, one unsigned 32-bit number each.
///
/// @opencl `uint *` arguments of the page kernels
public final class PageListLayout {
    /// Bytes of one entry.
    public static final int ENTRY_SIZE = Integer.BYTES;

    private PageListLayout() {}

    /// Bytes of a list.
    public static long size(int count) {
        return (long) count * ENTRY_SIZE;
    }

    /// Stores an entry. The caller has seen to it that the page fits into 32 bits.
    public static void set(MemorySegment list, int index, long page) {
        assert page >= 0;
        assert page <= 0xFFFFFFFFL;
        list.setAtIndex(ValueLayout.JAVA_INT, index, (int) page);
    }

    /// Reads an entry.
    public static long get(MemorySegment list, int index) {
        return Integer.toUnsignedLong(list.getAtIndex(ValueLayout.JAVA_INT, index));
    }
}
