package farpage.emulator.copy;

import java.util.Arrays;

/// Device pages that a device reads or writes, each with its place in a buffer of the caller. Made
/// once and used again; it grows as needed. Neighbours are joined as they are added.
///
/// @kernel lib/test_hmm.c: dmirror_do_read, dmirror_do_write
public final class AccessBatch {
    private long[] firstPages = new long[16];
    private int[] pageCounts = new int[16];
    private long[] offsets = new long[16];
    private int runCount;
    private int pageCount;

    /// An empty batch.
    public AccessBatch() {}

    /// Forgets all pages.
    public void clear() {
        runCount = 0;
        pageCount = 0;
    }

    /// Adds a device page.
    ///
    /// @param offset where its bytes lie in the caller's buffer
    /// @param pagesToEnd as [PageBuffers#pagesToEnd(long)] of the page: 1 if it is the last of its
    ///   buffer
    public void add(long page, long offset, int pagesToEnd) {
        pageCount++;
        if (runCount > 0) {
            int last = runCount - 1;
            int count = pageCounts[last];
            boolean continues =
                    firstPages[last] + count == page
                            && offsets[last] + CopyEngine.bytes(count) == offset
                            && count < runLimit;
            if (continues) {
                pageCounts[last] = count + 1;
                return;
            }
        }
        if (runCount == firstPages.length) {
            firstPages = Arrays.copyOf(firstPages, 2 * runCount);
            pageCounts = Arrays.copyOf(pageCounts, 2 * runCount);
            offsets = Arrays.copyOf(offsets, 2 * runCount);
        }
        firstPages[runCount] = page;
        pageCounts[runCount] = 1;
        offsets[runCount] = offset;
        runLimit = Math.min(pagesToEnd, CopyEngine.RUN_PAGES_MAX);
        runCount++;
    }

    /// The most pages that the last run may have.
    private int runLimit;

    public boolean isEmpty() {
        return runCount == 0;
    }

    public int pageCount() {
        return pageCount;
    }

    int runCount() {
        return runCount;
    }

    long firstPage(int run) {
        return firstPages[run];
    }

    int pageCount(int run) {
        return pageCounts[run];
    }

    long offset(int run) {
        return offsets[run];
    }
}
