package farpage.emulator.bench;

import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// What pages must contain, computed rather than kept: random words that differ between any two
/// pages, places in a page and rounds, so that no byte of a page that was not copied, or copied
/// from elsewhere, is right but by chance.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: the values that the cases store
public final class PageContents {
    private static final long PAGE_STEP = 0x9E3779B97F4A7C15L;
    private static final long ROUND_STEP = 0xD1B54A32D192ED03L;
    private static final long WORD_STEP = 0xBF58476D1CE4E5B9L;
    private static final int FOLD = 29;

    private final long seed;

    /// @param seed where all contents come from
    public PageContents(long seed) {
        this.seed = seed;
    }

    private long start(long page, long round) {
        return seed + page * PAGE_STEP + round * ROUND_STEP;
    }

    private static long word(long state) {
        long mixed = state * WORD_STEP;
        return mixed ^ (mixed >>> FOLD);
    }

    /// Stores a page.
    ///
    /// @param page which one it is
    /// @param round the contents of each round are new
    public void fill(MemorySegment memory, long offset, long page, long round) {
        long state = start(page, round);
        for (long at = 0; at < PageSize.PAGE_SIZE; at += Long.BYTES) {
            memory.set(ValueLayout.JAVA_LONG, offset + at, word(state + at * PAGE_STEP));
        }
    }

    /// Compares a page.
    ///
    /// @return which byte of the page is the first wrong one, or -1
    public int mismatch(MemorySegment memory, long offset, long page, long round) {
        long state = start(page, round);
        long differences = 0;
        for (long at = 0; at < PageSize.PAGE_SIZE; at += Long.BYTES) {
            long found = memory.get(ValueLayout.JAVA_LONG, offset + at);
            differences |= found ^ word(state + at * PAGE_STEP);
        }
        return differences == 0 ? -1 : firstWrong(memory, offset, state);
    }

    private static int firstWrong(MemorySegment memory, long offset, long state) {
        for (int at = 0; at < PageSize.PAGE_SIZE; at += Long.BYTES) {
            long found = memory.get(ValueLayout.JAVA_LONG, offset + at);
            long difference = found ^ word(state + at * PAGE_STEP);
            if (difference != 0) {
                return at + Long.numberOfTrailingZeros(difference) / Byte.SIZE;
            }
        }
        return -1;
    }
}
