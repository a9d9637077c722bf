package farpage.emulator.bench;

/// How often something is measured: as often as the time for it permits, within limits.
///
/// @param roundsMin that count, at least
/// @param roundsMax at most
/// @param warmUpMin rounds before them, at least
/// @param warmUpMax at most, if the times do not become steady earlier
/// @param nanos for all rounds of a row that count
/// @param settleNanos for the rounds before, at most: they go on until the code is compiled
/// @kernel None: a choice of the benchmarks
public record RoundPlan(
        int roundsMin, int roundsMax, int warmUpMin, int warmUpMax, long nanos, long settleNanos) {
    /// Checks the limits.
    public RoundPlan {
        if (roundsMin < 1 || roundsMax < roundsMin) {
            throw new IllegalArgumentException(
                    "rounds: value=%d to %d, limit=1".formatted(roundsMin, roundsMax));
        }
        if (warmUpMin < 1 || warmUpMax < warmUpMin) {
            throw new IllegalArgumentException(
                    "warm-up: value=%d to %d, limit=1".formatted(warmUpMin, warmUpMax));
        }
    }

    /// A fixed number of rounds, whatever time they take. Where there are so few that their figures
    /// mean little nothing is waited for either.
    public RoundPlan withRounds(int rounds) {
        long settle = rounds < roundsMin ? 0 : settleNanos;
        return new RoundPlan(rounds, rounds, warmUpMin, warmUpMax, 0, settle);
    }

    /// Whether no round more is needed.
    boolean isEnough(int rounds, long elapsedNanos) {
        return rounds >= roundsMax || rounds >= roundsMin && elapsedNanos >= nanos;
    }
}
