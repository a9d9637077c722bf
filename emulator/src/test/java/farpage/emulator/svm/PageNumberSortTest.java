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
}
