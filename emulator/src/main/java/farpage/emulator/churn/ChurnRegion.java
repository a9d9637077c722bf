package farpage.emulator.churn;

import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.BitSet;

/// A mapping of at most 2 MiB, and what it must contain: zeros until it is written, then what
/// follows from its number and how often it was written.
final class ChurnRegion {
    private static final long STEP = 0x9E3779B97F4A7C15L;
    private static final int WORDS_PER_PAGE = PageSize.PAGE_SIZE / Long.BYTES;

    private final long seed;
    private final long address;
    private final long end;
    private final BitSet mapped = new BitSet();
    private long writes;

    /// @param seed that its contents follow from
    /// @param end the step at which it is to end
    ChurnRegion(long seed, long address, int pageCount, long end) {
        this.seed = seed;
        this.address = address;
        this.end = end;
        mapped.set(0, pageCount);
    }

    long address(int page) {
        return address + PageSize.pageAddress(page);
    }

    long end() {
        return end;
    }

    /// The pages that are still mapped.
    BitSet mapped() {
        return mapped;
    }

    boolean isWritten() {
        return writes > 0;
    }

    /// From now on it contains something else.
    void countWrite() {
        writes++;
    }

    /// What pages must contain.
    void fill(int firstPage, int pageCount, MemorySegment to) {
        for (int page = 0; page < pageCount; page++) {
            long value = writes == 0 ? 0 : (seed + writes * STEP) * STEP ^ firstPage + page;
            long step = writes == 0 ? 0 : STEP;
            long first = (long) page * WORDS_PER_PAGE;
            for (int word = 0; word < WORDS_PER_PAGE; word++) {
                to.setAtIndex(ValueLayout.JAVA_LONG, first + word, value + word * step);
            }
        }
    }
}
