package farpage.emulator.bench;

/// How often something is measured.
///
/// @param rounds that count
/// @param warmUpMin rounds before them, at least
/// @param warmUpMax at most, if the times do not become steady earlier
/// @kernel None: a choice of the benchmarks
public record RoundPlan(int rounds, int warmUpMin, int warmUpMax) {
    /// Checks the limits.
    public RoundPlan {
        if (rounds < 1) {
            throw new IllegalArgumentException("rounds: value=" + rounds + ", limit=1");
        }
        if (warmUpMin < 1 || warmUpMax < warmUpMin) {
            throw new IllegalArgumentException(
                    "warm-up: value=%d to %d, limit=1".formatted(warmUpMin, warmUpMax));
        }
    }
}
