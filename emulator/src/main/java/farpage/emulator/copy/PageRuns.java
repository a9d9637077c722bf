package farpage.emulator.copy;

import java.util.Arrays;

/// Pages, as runs of consecutive numbers.
///
/// @kernel None: what a driver notes in a bitmap
public final class PageRuns {
    private long[] firsts = new long[4];
    private int[] counts = new int[4];
    private int runCount;
    private long pageCount;

    /// No pages.
    PageRuns() {}

    void add(long first, int count) {
        if (runCount == firsts.length) {
            firsts = Arrays.copyOf(firsts, 2 * runCount);
            counts = Arrays.copyOf(counts, 2 * runCount);
        }
        firsts[runCount] = first;
        counts[runCount] = count;
        runCount++;
        pageCount += count;
    }

    /// How many pages.
    public long pageCount() {
        return pageCount;
    }

    /// How many of `count` pages from the given one on are among them.
    public int countIn(long first, int count) {
        long found = 0;
        for (int run = 0; run < runCount; run++) {
            long from = Math.max(first, firsts[run]);
            long to = Math.min(first + count, firsts[run] + counts[run]);
            found += Math.max(0, to - from);
        }
        return (int) found;
    }

    @Override
    public String toString() {
        return pageCount + " pages in " + runCount + " runs";
    }
}
