package farpage.opencl.kernel.layout;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A list of pages to copy: 8 bytes each.
///
/// | bytes | field |
/// | --- | --- |
/// | 0 to 3 | page of the buffer that it comes from, or ZERO |
/// | 4 to 7 | page of the buffer that it goes to |
///
/// @opencl page_pair in layout.clh
public final class PagePairLayout {
    /// Bytes of one pair.
    public static final int SIZE = Long.BYTES;

    static final int SOURCE_OFFSET = 0;
    static final int DESTINATION_OFFSET = 4;

    /// The source of a page that becomes zeros.
    static final int ZERO = 0xFFFF_FFFF;

    private static final long UNSIGNED = 0xFFFF_FFFFL;

    private PagePairLayout() {}

    /// Bytes of a list.
    public static long size(int count) {
        return (long) count * SIZE;
    }

    /// Stores a pair.
    public static void set(MemorySegment pairs, int index, long source, long destination) {
        assert source >= 0;
        assert source < UNSIGNED;
        store(pairs, index, source, destination);
    }

    /// Stores the pair of a page that becomes zeros.
    public static void setZero(MemorySegment pairs, int index, long destination) {
        store(pairs, index, UNSIGNED, destination);
    }

    private static void store(MemorySegment pairs, int index, long source, long destination) {
        assert destination >= 0;
        assert destination <= UNSIGNED;
        pairs.setAtIndex(ValueLayout.JAVA_LONG, index, source | destination << Integer.SIZE);
    }

    /// Whether a pair's page becomes zeros.
    public static boolean isZero(MemorySegment pairs, int index) {
        return source(pairs, index) == UNSIGNED;
    }

    /// Where a pair's page comes from.
    public static long source(MemorySegment pairs, int index) {
        return pairs.getAtIndex(ValueLayout.JAVA_LONG, index) & UNSIGNED;
    }

    /// Where a pair's page goes.
    public static long destination(MemorySegment pairs, int index) {
        return pairs.getAtIndex(ValueLayout.JAVA_LONG, index) >>> Integer.SIZE;
    }
}
