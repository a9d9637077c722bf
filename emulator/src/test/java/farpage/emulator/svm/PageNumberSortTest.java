package farpage.emulator.svm;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Lists of page numbers in order.
class PageNumberSortTest {
    private final PageNumberSort sort = new PageNumberSort();

    private long[] sorted(long... numbers) {
        return Arrays.copyOf(sort.sorted(numbers, numbers.length), sort.count());
    }

    @Test
    void listInOrderIsLeftWhereItIs() {
        long[] numbers = {3, 4, 9};
        assertSame(numbers, sort.sorted(numbers, 3));
        assertEquals(3, sort.count());
    }

    @Test
    void listIsPutInOrderAndNoneIsNamedTwice() {
        assertArrayEquals(new long[] {1, 5, 7}, sorted(7, 1, 5, 7, 1));
        assertArrayEquals(new long[] {2}, sorted(2, 2, 2));
        assertArrayEquals(new long[] {}, sorted());
        assertArrayEquals(new long[] {0, 1L << 35}, sorted(1L << 35, 0));
    }

    @Test
    void randomListsAreSortedAsJavaSortsThem() {
        SplittableRandom random = new SplittableRandom(5);
        for (int round = 0; round < 200; round++) {
            int width = 1 + random.nextInt(40);
            long[] numbers = random.longs(random.nextInt(300), 0, 1L << width).toArray();
            long[] expected = Arrays.stream(numbers).sorted().distinct().toArray();
            assertArrayEquals(expected, sorted(numbers));
        }
    }

    @Test
    void runsThatOverlapAreJoined() {
        assertArrayEquals(new long[] {3, 4, 5, 6, 7, 8, 20}, sorted(20, 4, 5, 6, 7, 8, 3, 4, 5, 6));
        SplittableRandom random = new SplittableRandom(7);
        for (int round = 0; round < 200; round++) {
            long[] numbers = new long[random.nextInt(1, 400)];
            for (int i = 0; i < numbers.length; ) {
                long head = random.nextLong(1L << random.nextInt(8, 36));
                for (int run = random.nextInt(1, 40); run > 0 && i < numbers.length; run--) {
                    numbers[i++] = head++;
                }
            }
            long[] expected = Arrays.stream(numbers).sorted().distinct().toArray();
            assertArrayEquals(expected, sorted(numbers));
        }
    }

    @Test
    void numbersThatNoProcessCanHaveAreSortedToo() {
        assertArrayEquals(new long[] {-1, 2, Long.MAX_VALUE}, sorted(2, Long.MAX_VALUE, -1, 2));
    }
}
