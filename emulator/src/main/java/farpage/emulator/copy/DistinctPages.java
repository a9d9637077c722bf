package farpage.emulator.copy;

import farpage.mm.Check;
import farpage.mm.Page;
import java.util.Arrays;

/// Sees to it that no page of a batch within a device's memory is written that the batch reads, or
/// written twice. Nothing orders the copies of a batch, so the bytes would depend on chance.
///
/// A bit for each page between the first and the last destination is enough: it is found in one
/// look, and they take a fraction of what a page's copy takes.
///
/// @opencl clEnqueueCopyBuffer: CL_MEM_COPY_OVERLAP
final class DistinctPages {
    private static final int WORD_SHIFT = 6;

    private long[] written = new long[8];
    private long first;
    private long end;

    /// @param batch with something in it
    /// @throws farpage.mm.Check.Broken if a page is a destination twice, or also a source
    void check(CopyBatch batch) {
        first = Long.MAX_VALUE;
        end = 0;
        for (int run = 0; run < batch.runCount(); run++) {
            first = Math.min(first, batch.destination(run));
            end = Math.max(end, batch.destination(run) + batch.length(run));
        }
        int words = (int) ((end - first + Long.SIZE - 1) >>> WORD_SHIFT);
        if (words > written.length) {
            written = new long[Math.max(words, 2 * written.length)];
        }
        Arrays.fill(written, 0, words, 0);
        for (int run = 0; run < batch.runCount(); run++) {
            mark(batch.destination(run), batch.length(run));
        }
        for (int run = 0; run < batch.runCount(); run++) {
            refuseWritten(batch.source(run), batch.length(run));
        }
    }

    private void mark(long from, int count) {
        for (int at = (int) (from - first); at < from - first + count; at++) {
            long bit = 1L << at;
            if ((written[at >>> WORD_SHIFT] & bit) != 0) {
                throw Check.broken(Page.describe(first + at) + " is the destination of two pages");
            }
            written[at >>> WORD_SHIFT] |= bit;
        }
    }

    private void refuseWritten(long from, int count) {
        int last = (int) (Math.min(from + count, end) - first);
        for (int at = (int) (Math.max(from, first) - first); at < last; at++) {
            if ((written[at >>> WORD_SHIFT] >>> at & 1) != 0) {
                throw Check.broken(
                        Page.describe(first + at) + " is a source and a destination of one batch");
            }
        }
    }
}
