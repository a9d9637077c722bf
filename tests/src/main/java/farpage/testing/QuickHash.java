package farpage.testing;

import farpage.emulator.replay.ContentHash;
import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A hash of pages for long runs: quick over a page, and made of the hashes of its pages, so that
/// who knows these need not look at the bytes again.
///
/// @kernel none
final class QuickHash implements ContentHash {
    static final QuickHash INSTANCE = new QuickHash();

    private static final long FACTOR = 0x9E37_79B9_7F4A_7C15L;

    private QuickHash() {}

    /// The hash of one page alone. Four chains, since each multiplication waits for the one before.
    static long ofPage(MemorySegment bytes, long offset) {
        long a = 1;
        long b = 2;
        long c = 3;
        long d = 4;
        for (long at = offset; at < offset + PageSize.PAGE_SIZE; at += 4 * Long.BYTES) {
            a = (a ^ bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, at)) * FACTOR;
            b = (b ^ bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, at + Long.BYTES)) * FACTOR;
            c = (c ^ bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 2 * Long.BYTES)) * FACTOR;
            d = (d ^ bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, at + 3 * Long.BYTES)) * FACTOR;
        }
        long hash = a;
        hash = combine(hash, b);
        hash = combine(hash, c);
        return combine(hash, d);
    }

    /// Continues a hash with that of the next page.
    static long combine(long hash, long page) {
        long mixed = (hash ^ page) * FACTOR;
        return mixed ^ mixed >>> 29;
    }

    @Override
    public long update(long hash, MemorySegment pages, long offset, long size) {
        long result = hash;
        for (long at = offset; at < offset + size; at += PageSize.PAGE_SIZE) {
            result = combine(result, ofPage(pages, at));
        }
        return result;
    }
}
