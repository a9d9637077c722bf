package farpage.emulator.bench;

import java.util.BitSet;
import java.util.SplittableRandom;

/// Which pages of a span take part, and in which order.
///
/// @kernel None: a choice of the benchmarks
final class PageChoice {
    private PageChoice() {}

    /// Different pages out of a span.
    ///
    /// @param spanPages how many there are
    /// @param count how many are wanted
    /// @param first the first one where they are contiguous
    static long[] choose(
            PageLayout layout, int spanPages, int count, int first, SplittableRandom random) {
        if (count > spanPages - first) {
            throw new IllegalArgumentException(
                    "count: value=" + count + ", limit=" + (spanPages - first));
        }
        long[] chosen = new long[count];
        switch (layout) {
            case CONTIGUOUS -> {
                for (int i = 0; i < count; i++) {
                    chosen[i] = (long) first + i;
                }
            }
            case SCATTERED -> {
                int[] all = shuffled(spanPages, count, random);
                for (int i = 0; i < count; i++) {
                    chosen[i] = all[i];
                }
            }
        }
        return chosen;
    }

    /// As many other pages out of a span as are taken already.
    static long[] others(PageLayout layout, int spanPages, long[] taken, SplittableRandom random) {
        if (layout == PageLayout.CONTIGUOUS) {
            return choose(layout, spanPages, taken.length, taken.length, random);
        }
        if (taken.length > spanPages / 2) {
            throw new IllegalArgumentException(
                    "count: value=" + taken.length + ", limit=" + spanPages / 2);
        }
        BitSet isTaken = new BitSet(spanPages);
        for (long page : taken) {
            isTaken.set((int) page);
        }
        long[] chosen = new long[taken.length];
        int[] all = shuffled(spanPages, 2 * taken.length, random);
        int count = 0;
        for (int i = 0; count < chosen.length; i++) {
            if (!isTaken.get(all[i])) {
                chosen[count++] = all[i];
            }
        }
        return chosen;
    }

    /// The numbers below a limit, of which the first ones are in random order.
    private static int[] shuffled(int limit, int count, SplittableRandom random) {
        int[] all = new int[limit];
        for (int i = 0; i < limit; i++) {
            all[i] = i;
        }
        for (int i = 0; i < count; i++) {
            int other = i + random.nextInt(limit - i);
            int page = all[other];
            all[other] = all[i];
            all[i] = page;
        }
        return all;
    }
}
