package farpage.emulator.svm;

import java.util.Arrays;

/// Puts a list of page numbers into ascending order, so that the pages of a table are met one after
/// the other. A list that is in order already is left where it is.
///
/// Pages that follow each other in the list are sorted as one run. Runs are sorted by the digits of
/// their first page, from the lowest up, which takes a fixed time for each. The working storage is
/// kept.
///
/// @kernel lib/list_sort.c: what a list of pages would be sorted with
final class PageNumberSort {
    private static final int DIGIT_BITS = 11;
    private static final int DIGITS = 1 << DIGIT_BITS;

    /// A run is one word: its first page above, the pages after that in the low bits.
    private static final int LENGTH_BITS = 20;

    private static final int LENGTH_MASK = (1 << LENGTH_BITS) - 1;

    /// Numbers from here on have no room in a run's word.
    private static final long NUMBERS = 1L << (Long.SIZE - 1 - LENGTH_BITS);

    private final int[] starts = new int[DIGITS + 1];
    private long[] first = new long[0];
    private long[] second = new long[0];
    private int count;

    /// How many different numbers the list of the last call has.
    int count() {
        return count;
    }

    /// The numbers in ascending order, none twice; the array is good until the next call.
    long[] sorted(long[] numbers, int listed) {
        if (isAscending(numbers, listed)) {
            count = listed;
            return numbers;
        }
        if (first.length < listed) {
            first = new long[listed];
            second = new long[listed];
        }
        int runs = findRuns(numbers, listed, first);
        if (runs < 0) {
            return sortedOneByOne(numbers, listed);
        }
        long[] from = first;
        long[] to = second;
        long differing = differingBits(from, runs);
        for (int shift = LENGTH_BITS; differing >>> shift != 0; shift += DIGIT_BITS) {
            if ((differing >>> shift & (DIGITS - 1)) != 0) {
                pass(from, to, runs, shift);
                long[] sorted = to;
                to = from;
                from = sorted;
            }
        }
        count = spread(from, runs, to);
        return to;
    }

    private static boolean isAscending(long[] numbers, int listed) {
        for (int i = 1; i < listed; i++) {
            if (numbers[i] <= numbers[i - 1]) {
                return false;
            }
        }
        return true;
    }

    /// Fills the words of the runs.
    ///
    /// @return how many; -1 for a number that no process can have mapped
    private static int findRuns(long[] numbers, int listed, long[] runs) {
        int found = 0;
        for (int i = 0; i < listed; ) {
            long head = numbers[i];
            if (head < 0 || head >= NUMBERS) {
                return -1;
            }
            int limit = Math.min(listed, i + LENGTH_MASK);
            int next = i + 1;
            while (next < limit && numbers[next] == numbers[next - 1] + 1) {
                next++;
            }
            runs[found++] = head << LENGTH_BITS | next - i - 1;
            i = next;
        }
        return found;
    }

    private static long differingBits(long[] runs, int count) {
        long differing = 0;
        for (int i = 1; i < count; i++) {
            differing |= runs[i] ^ runs[0];
        }
        return differing;
    }

    private void pass(long[] from, long[] to, int runs, int shift) {
        Arrays.fill(starts, 0);
        for (int i = 0; i < runs; i++) {
            starts[digit(from[i], shift) + 1]++;
        }
        for (int digit = 1; digit < DIGITS; digit++) {
            starts[digit] += starts[digit - 1];
        }
        for (int i = 0; i < runs; i++) {
            to[starts[digit(from[i], shift)]++] = from[i];
        }
    }

    private static int digit(long run, int shift) {
        return (int) (run >>> shift) & (DIGITS - 1);
    }

    /// The pages of runs that may overlap.
    ///
    /// @return how many different ones
    private static int spread(long[] runs, int count, long[] numbers) {
        int filled = 0;
        long next = 0;
        for (int i = 0; i < count; i++) {
            long head = runs[i] >>> LENGTH_BITS;
            long end = head + (runs[i] & LENGTH_MASK) + 1;
            for (next = Math.max(next, head); next < end; next++) {
                numbers[filled++] = next;
            }
        }
        return filled;
    }

    private long[] sortedOneByOne(long[] numbers, int listed) {
        System.arraycopy(numbers, 0, first, 0, listed);
        Arrays.sort(first, 0, listed);
        count = Math.min(1, listed);
        for (int i = 1; i < listed; i++) {
            if (first[i] != first[count - 1]) {
                first[count++] = first[i];
            }
        }
        return first;
    }
}
