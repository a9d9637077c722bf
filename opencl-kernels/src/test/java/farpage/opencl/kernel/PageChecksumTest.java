package farpage.opencl.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PageChecksumTest {
    private static final int PAGE = 4096;

    /// The definition, word by word with a table of lanes.
    private static long byDefinition(MemorySegment page) {
        long[] lanes = new long[8];
        for (int k = 0; k < 8; k++) {
            lanes[k] = (k + 1) * 0x9E3779B97F4A7C15L;
        }
        for (int j = 0; j < page.byteSize() / 8; j++) {
            long word = page.get(ValueLayout.JAVA_LONG_UNALIGNED, j * 8L);
            long mixed = lanes[j % 8] ^ word;
            lanes[j % 8] = (mixed ^ (mixed >>> 32)) * 0x9FB21C651E98DF25L;
        }
        long sum = page.byteSize();
        for (long lane : lanes) {
            sum = AccessContents.mix(sum ^ lane);
        }
        return sum;
    }

    @Test
    void checksumFollowsItsDefinition() {
        Random random = new Random(1);
        byte[] bytes = new byte[3 * PAGE];
        for (int round = 0; round < 20; round++) {
            random.nextBytes(bytes);
            MemorySegment memory = MemorySegment.ofArray(bytes);
            assertEquals(
                    byDefinition(memory.asSlice(PAGE, PAGE)), PageChecksum.of(memory, PAGE, PAGE));
        }
    }

    /// Any two of these pages differ in two bits. A lane whose step only multiplies and rotates
    /// lets bit 63 of one word and one bit of the next word of the lane undo each other.
    @Test
    void pagesThatDifferInOneBitHaveDifferentSums() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(PAGE, 8);
            Set<Long> sums = new HashSet<>();
            sums.add(PageChecksum.of(page, 0, PAGE));
            for (long bit = 0; bit < PAGE * 8L; bit++) {
                flip(page, bit);
                assertTrue(sums.add(PageChecksum.of(page, 0, PAGE)), "bit " + bit);
                flip(page, bit);
            }
        }
    }

    private static void flip(MemorySegment page, long bit) {
        byte old = page.get(ValueLayout.JAVA_BYTE, bit / 8);
        page.set(ValueLayout.JAVA_BYTE, bit / 8, (byte) (old ^ (1 << (bit % 8))));
    }

    /// Words whose differences lie in their highest bits are where a multiplicative hash is weak.
    @Test
    void highBitsOfTwoWordsOfALaneDoNotCancel() {
        MemorySegment page = MemorySegment.ofArray(new long[PAGE / 8]);
        long empty = PageChecksum.of(page, 0, PAGE);
        for (int second = 8; second < PAGE / 8; second += 8) {
            page.setAtIndex(ValueLayout.JAVA_LONG, 0, Long.MIN_VALUE);
            page.setAtIndex(ValueLayout.JAVA_LONG, second, Long.MIN_VALUE);
            assertTrue(PageChecksum.of(page, 0, PAGE) != empty, "word " + second);
            page.setAtIndex(ValueLayout.JAVA_LONG, second, 0);
        }
    }

    @Test
    void sizeOfAnEmptyPageMatters() {
        MemorySegment memory = MemorySegment.ofArray(new long[PAGE]);
        assertTrue(PageChecksum.of(memory, 0, PAGE) != PageChecksum.of(memory, 0, 2 * PAGE));
    }
}
