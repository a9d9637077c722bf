package farpage.emulator.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import farpage.mm.PageSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// What figures are made of: contents, choices of pages, distributions, fits.
final class BenchFiguresTest {
    private static final int PAGE = PageSize.PAGE_SIZE;

    @Test
    void everyByteOfAPageIsChecked() {
        PageContents contents = new PageContents(7);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(2 * PAGE);
            contents.fill(memory, PAGE, 3, 5);
            assertEquals(-1, contents.mismatch(memory, PAGE, 3, 5));
            for (int at = 0; at < PAGE; at++) {
                byte right = memory.get(ValueLayout.JAVA_BYTE, PAGE + at);
                memory.set(ValueLayout.JAVA_BYTE, PAGE + at, (byte) (right ^ 1));
                assertEquals(at, contents.mismatch(memory, PAGE, 3, 5));
                memory.set(ValueLayout.JAVA_BYTE, PAGE + at, right);
            }
        }
    }

    @Test
    void contentsOfOtherPagesRoundsAndSeedsDifferInEveryWord() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(4 * PAGE);
            new PageContents(7).fill(memory, 0, 3, 5);
            new PageContents(7).fill(memory, PAGE, 4, 5);
            new PageContents(7).fill(memory, 2 * PAGE, 3, 6);
            new PageContents(8).fill(memory, 3 * PAGE, 3, 5);
            for (int page = 1; page < 4; page++) {
                for (int at = 0; at < PAGE; at += Long.BYTES) {
                    assertNotEquals(
                            memory.get(ValueLayout.JAVA_LONG, at),
                            memory.get(ValueLayout.JAVA_LONG, (long) page * PAGE + at));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void chosenPagesAreDifferentOnesOfTheSpan(PageLayout layout) {
        long[] chosen = PageChoice.choose(layout, 1000, 400, 0, new SplittableRandom(1));
        long[] others = PageChoice.others(layout, 1000, chosen, new SplittableRandom(2));
        long[] both = LongStream.concat(Arrays.stream(chosen), Arrays.stream(others)).toArray();
        assertEquals(800, Arrays.stream(both).distinct().count());
        assertTrue(Arrays.stream(both).allMatch(page -> page >= 0 && page < 1000));
    }

    @Test
    void morePagesThanThereAreAreRefused() {
        SplittableRandom random = new SplittableRandom(1);
        assertThrows(
                IllegalArgumentException.class,
                () -> PageChoice.choose(PageLayout.SCATTERED, 10, 11, 0, random));
        assertThrows(
                IllegalArgumentException.class,
                () -> PageChoice.others(PageLayout.SCATTERED, 3, new long[] {0, 1}, random));
    }

    @Test
    void distributionKnowsItsQuantiles() {
        Distribution times = new Distribution();
        assertThrows(IllegalStateException.class, times::medianNanos);
        for (int nanos = 1; nanos <= 1000; nanos++) {
            times.add(nanos);
        }
        assertEquals(1000, times.reps());
        assertEquals(500, times.medianNanos());
        assertEquals(990, times.nanos(99) & ~1);
        assertEquals(1000, times.maxNanos());
        assertEquals(2.0, times.gbps(1000), 1e-9);
    }

    @Test
    void fitFindsTheFixedCostAndTheRate() {
        List<CostFit.Point> points =
                LongStream.of(4096, 65536, 1 << 20)
                        .mapToObj(bytes -> new CostFit.Point(bytes, 20_000 + bytes / 8.0))
                        .toList();
        CostFit fit = CostFit.of(points).orElseThrow();
        assertEquals(20_000, fit.fixedNanos(), 1e-3);
        assertEquals(8, fit.gbps(), 1e-9);
        assertEquals(160_000, fit.halfBytes(), 1e-2);
        assertEquals(160_000, fit.breakEvenBytes(0.25).orElseThrow(), 1e-2);
        assertTrue(fit.breakEvenBytes(0.1).isEmpty());
    }

    @Test
    void whatHasNoSlopeHasNoFit() {
        assertEquals(Optional.empty(), CostFit.of(List.of(new CostFit.Point(1, 1))));
        assertEquals(
                Optional.empty(),
                CostFit.of(List.of(new CostFit.Point(1, 10), new CostFit.Point(2, 5))));
        assertEquals(
                Optional.empty(),
                CostFit.of(List.of(new CostFit.Point(1, 10), new CostFit.Point(1, 20))));
    }
}
