package farpage.emulator.bench;

import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalDouble;

/// What rounds found about one move.
///
/// @kernel None: measured values
final class RoundSamples {
    private static final int STEADY_ROUNDS = 3;
    private static final int ROUNDS_START = 64;
    private static final double STEADY_PART = 0.1;

    private final BenchMove move;
    private final RoundPlan plan;
    private final long[] last = new long[STEADY_ROUNDS];
    private final Distribution times = new Distribution();
    private final Distribution raw = new Distribution();
    private final Distribution pattern = new Distribution();
    private final Distribution firstPage = new Distribution();
    private double[] rawRatios;
    private double[] patternRatios;
    private RoundTimes taken = new RoundTimes(0, 0, 0, 0, 0);
    private int count;
    private long cpuNanos;
    private Optional<String> failure = Optional.empty();

    RoundSamples(BenchMove move, RoundPlan plan) {
        this.move = move;
        this.plan = plan;
        this.rawRatios = new double[Math.min(ROUNDS_START, plan.roundsMax())];
        this.patternRatios = new double[rawRatios.length];
    }

    BenchMove move() {
        return move;
    }

    /// Warm is who takes about as long three times in a row, or had rounds enough.
    ///
    /// @param rounds so far
    /// @param moveNanos of the last one
    boolean isWarm(int rounds, long moveNanos) {
        last[rounds % STEADY_ROUNDS] = moveNanos;
        if (rounds >= plan.warmUpMax()) {
            return true;
        }
        long least = Arrays.stream(last).min().orElse(0);
        long most = Arrays.stream(last).max().orElse(0);
        return rounds >= Math.max(plan.warmUpMin(), STEADY_ROUNDS)
                && most - least <= STEADY_PART * most;
    }

    /// Takes a round, which may not count.
    void take(RoundTimes round, Optional<String> wrong) {
        taken = round;
        failure = wrong;
    }

    boolean isRight() {
        return failure.isEmpty();
    }

    /// The round that was taken counts.
    void keep() {
        times.add(taken.move());
        raw.add(taken.raw());
        firstPage.add(taken.firstPage());
        if (count == rawRatios.length) {
            rawRatios = Arrays.copyOf(rawRatios, 2 * count);
            patternRatios = Arrays.copyOf(patternRatios, 2 * count);
        }
        rawRatios[count] = (double) taken.raw() / taken.move();
        if (move.hasPattern()) {
            pattern.add(taken.pattern());
            patternRatios[count] = (double) taken.pattern() / taken.move();
        }
        cpuNanos += taken.cpu();
        count++;
    }

    /// What was found; at least one round was kept.
    Throughput result() {
        double[] ratios = sorted(rawRatios);
        double middle = median(ratios);
        return new Throughput(
                move.bytes(),
                times,
                raw,
                move.hasPattern() ? Optional.of(pattern) : Optional.empty(),
                firstPage,
                middle,
                move.hasPattern()
                        ? OptionalDouble.of(median(sorted(patternRatios)))
                        : OptionalDouble.empty(),
                (ratios[count * 3 / 4] - ratios[count / 4]) / middle,
                cpuNanos,
                failure);
    }

    private double[] sorted(double... ratios) {
        double[] sorted = Arrays.copyOf(ratios, count);
        Arrays.sort(sorted);
        return sorted;
    }

    private static double median(double... sorted) {
        return sorted[sorted.length / 2];
    }
}
