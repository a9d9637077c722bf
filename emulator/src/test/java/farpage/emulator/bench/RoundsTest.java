package farpage.emulator.bench;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/// Rounds of moves that take as long as the test says.
final class RoundsTest {
    /// All that a round of the move below takes.
    private static final long ROUND_NANOS = 1000 + 200 + 100 + 50 + 5000;

    private final List<String> calls = new ArrayList<>();
    private long now;
    private long cpu;
    private long compiled;
    private int compilesUntilRound;
    private int wrongInRound = Integer.MAX_VALUE;

    private final class Move implements BenchMove {
        private long firstPageAt;

        @Override
        public long bytes() {
            return 4096;
        }

        @Override
        public void prepare(long round) {
            calls.add("prepare " + round);
            now += 1000;
            compiled += round < compilesUntilRound ? 1_000_000_000 : 0;
        }

        @Override
        public void move() {
            calls.add("move");
            firstPageAt = now + 10;
            now += 200;
            cpu += 300;
        }

        @Override
        public long firstPageAt() {
            return firstPageAt;
        }

        @Override
        public void raw() {
            calls.add("raw");
            now += 100;
        }

        @Override
        public boolean hasPattern() {
            return true;
        }

        @Override
        public void pattern() {
            calls.add("pattern");
            now += 50;
        }

        @Override
        public Optional<String> verify(long round) {
            now += 5000;
            return round == wrongInRound ? Optional.of("round " + round) : Optional.empty();
        }
    }

    private Throughput measure(int rounds) {
        return new Rounds(
                        new MoveClocks(() -> now, () -> cpu, () -> compiled),
                        new RoundPlan(rounds, rounds, 3, 8, 0, 0))
                .measure(List.of(new Move()), () -> {})
                .getFirst();
    }

    @Test
    void onlyWhatIsMeasuredIsTimed() {
        Throughput found = measure(7);
        assertEquals(7, found.times().reps());
        assertEquals(200, found.times().medianNanos());
        assertEquals(100, found.raw().medianNanos());
        assertEquals(50, found.pattern().orElseThrow().medianNanos());
        assertEquals(10, found.firstPage().medianNanos());
        assertEquals(0.5, found.ratio(), 1e-9);
        assertEquals(0.25, found.patternRatio().orElseThrow(), 1e-9);
        assertEquals(0, found.spread(), 1e-9);
        assertEquals(300.0 / 4096, found.cpuSecondsPerGb(), 1e-9);
        assertEquals(Optional.empty(), found.failure());
    }

    @Test
    void eachGoesFirstInItsTurn() {
        Throughput _ = measure(3);
        List<String> first = new ArrayList<>();
        for (int i = 0; i < calls.size(); i++) {
            if (calls.get(i).startsWith("prepare")) {
                first.add(calls.get(i + 1));
            }
        }
        assertEquals(List.of("move", "raw", "pattern"), first.subList(0, 3));
    }

    @Test
    void steadyTimesEndTheWarmUp() {
        Throughput _ = measure(4);
        assertEquals(3 + 4, calls.stream().filter("move"::equals).count());
    }

    @Test
    void moreRoundsAreTakenWhileThereIsTime() {
        Throughput found =
                new Rounds(
                                new MoveClocks(() -> now, () -> cpu, () -> compiled),
                                new RoundPlan(2, 100, 3, 8, 7 * ROUND_NANOS, 0))
                        .measure(List.of(new Move()), () -> {})
                        .getFirst();
        assertEquals(7, found.times().reps());
    }

    @Test
    void nothingCountsUntilTheCompilersRest() {
        compilesUntilRound = 20;
        long settle = 10_000_000_000L;
        Throughput found =
                new Rounds(
                                new MoveClocks(() -> now += 20_000_000, () -> cpu, () -> compiled),
                                new RoundPlan(5, 5, 3, 8, 0, settle))
                        .measure(List.of(new Move()), () -> {})
                        .getFirst();
        assertEquals(5, found.times().reps());
        long moves = calls.stream().filter("move"::equals).count();
        assertTrue(moves > 20 + 5, "moves: " + moves);
    }

    @Test
    void compilersAreNotWaitedForForEver() {
        compilesUntilRound = Integer.MAX_VALUE;
        Throughput found =
                new Rounds(
                                new MoveClocks(() -> now += 20_000_000, () -> cpu, () -> compiled),
                                new RoundPlan(5, 5, 3, 8, 0, 1_000_000_000L))
                        .measure(List.of(new Move()), () -> {})
                        .getFirst();
        assertEquals(5, found.times().reps());
    }

    @Test
    void wrongDataEndTheRow() {
        wrongInRound = 4;
        Throughput found = measure(7);
        assertEquals(Optional.of("round 4"), found.failure());
        assertEquals(2, found.times().reps());
    }

    @Test
    void wrongDataInTheWarmUpEndTheRowWithAFigure() {
        wrongInRound = 0;
        Throughput found = measure(7);
        assertTrue(found.failure().isPresent());
        assertEquals(1, found.times().reps());
    }
}
