package farpage.mm.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.junit.jupiter.api.Test;

final class NativeRegionTest {
    private static final long SIZE = 3L << 20;

    @Test
    void beginsAtAHugePageAndHoldsZeros() {
        try (NativeRegion region = new NativeRegion(SIZE)) {
            MemorySegment segment = region.segment();
            assertEquals(0, segment.address() % (2L << 20));
            assertEquals(SIZE, segment.byteSize());
            assertEquals(0, segment.get(ValueLayout.JAVA_BYTE, SIZE - 1));
        }
    }

    @Test
    void discardingTakesAPartAndLeavesItUsable() {
        try (NativeRegion region = new NativeRegion(SIZE)) {
            MemorySegment segment = region.segment();
            segment.fill((byte) 7);
            region.discard(1L << 20, 1L << 20);
            assertEquals(7, segment.get(ValueLayout.JAVA_BYTE, (1L << 20) - 1));
            assertEquals(7, segment.get(ValueLayout.JAVA_BYTE, 2L << 20));
            segment.set(ValueLayout.JAVA_BYTE, 1L << 20, (byte) 9);
            assertEquals(9, segment.get(ValueLayout.JAVA_BYTE, 1L << 20));
            assertThrows(IndexOutOfBoundsException.class, () -> region.discard(SIZE - 4096, 8192));
        }
    }

    @Test
    void isGoneWhenItIsClosed() {
        NativeRegion region = new NativeRegion(SIZE);
        MemorySegment segment = region.segment();
        region.close();
        region.close();
        assertThrows(IllegalStateException.class, () -> segment.get(ValueLayout.JAVA_BYTE, 0));
    }
}
