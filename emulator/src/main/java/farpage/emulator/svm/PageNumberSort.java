package farpage.emulator.svm;

import java.util.Arrays;

/// Puts a list of page numbers into ascending order, so that the pages of a table are met one after
/// the other. A list that is in order already is left where it is.
///
/// It sorts by digits from the lowest up, which takes a fixed time for each page, and keeps its
/// working storage.
///
/// @kernel lib/list_sort.c: what a list of pages would be sorted with
final class PageNumberSort {
    private static final int DIGIT_BITS = 11;
    private static final int DIGITS = 1 << DIGIT_BITS;

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
        long lowest = Long.MAX_VALUE;
        long highest = Long.MIN_VALUE;
        for (int i = 0; i < listed; i++) {
            lowest = Math.min(lowest, numbers[i]);
            highest = Math.max(highest, numbers[i]);
        }
        long[] from = numbers;
        long[] to = first;
        int passes = 0;
        for (int shift = 0; shift < Long.SIZE && (highest - lowest) >>> shift != 0; ) {
            pass(from, to, listed, lowest, shift);
            from = to;
            passes++;
            to = passes % 2 == 0 ? first : second;
            shift += DIGIT_BITS;
        }
        if (passes == 0) { // all the same
            System.arraycopy(numbers, 0, first, 0, listed);
            from = first;
        }
        dropRepeated(from, listed);
        return from;
    }

    private static boolean isAscending(long[] numbers, int listed) {
        for (int i = 1; i < listed; i++) {
            if (numbers[i] <= numbers[i - 1]) {
                return false;
            }
        }
        return true;
    }

    private void pass(long[] from, long[] to, int listed, long lowest, int shift) {
        Arrays.fill(starts, 0);
        for (int i = 0; i < listed; i++) {
            starts[digit(from[i], lowest, shift) + 1]++;
        }
        for (int digit = 1; digit < DIGITS; digit++) {
            starts[digit] += starts[digit - 1];
        }
        for (int i = 0; i < listed; i++) {
            to[starts[digit(from[i], lowest, shift)]++] = from[i];
        }
    }

    private static int digit(long number, long lowest, int shift) {
        return (int) ((number - lowest) >>> shift) & (DIGITS - 1);
    }

    private void dropRepeated(long[] numbers, int listed) {
        count = Math.min(1, listed);
        for (int i = 1; i < listed; i++) {
            if (numbers[i] != numbers[count - 1]) {
                numbers[count++] = numbers[i];
            }
        }
    }
}
