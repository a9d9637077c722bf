package farpage.opencl.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// The 64-bit checksum of a page, and its computation on the host.
///
/// The page is a row of little-endian 64-bit words. Lane k of eight starts at (k + 1) times 2^64
/// over the golden ratio and takes the words k, k + 8, k + 16 and so on: exclusive or with the
/// word, times an odd constant, rotated left by 29. The sum starts as the page's size in bytes and
/// takes the lanes in order: exclusive or, then the finalizer of splitmix64. Every step is a
/// bijection of the state, so two pages that differ in one word never have the same lane.
///
/// It guards against mistakes, not against people who want two pages to look alike.
///
/// @opencl checksum_pages.cl
public final class PageChecksum {
    private static final long PRIME = 0x9FB21C651E98DF25L;
    private static final int SHIFT = 32;
    private static final int BLOCK = 8 * Long.BYTES;

    private PageChecksum() {}

    /// The checksum of `size` bytes from `offset`.
    ///
    /// @param size a positive multiple of 64
    public static long of(MemorySegment memory, long offset, long size) {
        assert size > 0;
        assert size % BLOCK == 0;
        long golden = AccessContents.GOLDEN;
        long lane0 = golden;
        long lane1 = 2 * golden;
        long lane2 = 3 * golden;
        long lane3 = 4 * golden;
        long lane4 = 5 * golden;
        long lane5 = 6 * golden;
        long lane6 = 7 * golden;
        long lane7 = 8 * golden;
        for (long at = offset; at < offset + size; at += BLOCK) {
            lane0 = step(lane0, word(memory, at));
            lane1 = step(lane1, word(memory, at + 8));
            lane2 = step(lane2, word(memory, at + 16));
            lane3 = step(lane3, word(memory, at + 24));
            lane4 = step(lane4, word(memory, at + 32));
            lane5 = step(lane5, word(memory, at + 40));
            lane6 = step(lane6, word(memory, at + 48));
            lane7 = step(lane7, word(memory, at + 56));
        }
        long sum = AccessContents.mix(size ^ lane0);
        sum = AccessContents.mix(sum ^ lane1);
        sum = AccessContents.mix(sum ^ lane2);
        sum = AccessContents.mix(sum ^ lane3);
        sum = AccessContents.mix(sum ^ lane4);
        sum = AccessContents.mix(sum ^ lane5);
        sum = AccessContents.mix(sum ^ lane6);
        return AccessContents.mix(sum ^ lane7);
    }

    private static long step(long lane, long word) {
        long mixed = lane ^ word;
        return (mixed ^ (mixed >>> SHIFT)) * PRIME;
    }

    private static long word(MemorySegment memory, long at) {
        return memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
    }
}
