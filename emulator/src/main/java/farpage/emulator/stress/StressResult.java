package farpage.emulator.stress;

import java.util.Map;

/// What a stress run did.
///
/// @param operations by kind
/// @param nanos how long it took, without the last checks
/// @param verifiedWords words that were compared at the end, after all those compared on the way
/// @param digest a hash of the final memory, which depends on the seed and the sizes alone
/// @kernel none
public record StressResult(
        Map<StressOperation, Long> operations, long nanos, long verifiedWords, long digest) {
    /// Copies the counts.
    public StressResult {
        operations = Map.copyOf(operations);
    }

    /// All operations.
    public long total() {
        return operations.values().stream().mapToLong(Long::longValue).sum();
    }

    public double perSecond() {
        return total() * 1e9 / Math.max(1, nanos);
    }
}
