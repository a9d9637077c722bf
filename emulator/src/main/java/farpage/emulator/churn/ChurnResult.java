package farpage.emulator.churn;

import farpage.emulator.devmem.DeviceMemoryStatistics;
import java.util.List;

/// What a churn did.
///
/// @param samples by stretch
/// @param steps in all
/// @param regions made
/// @param splits times that a part of a region was unmapped, or came back alone
/// @param verifiedBytes compared with what they must be
/// @param memory what the device's memory counted
/// @param digest a hash of the last regions, which depends on the seed alone
/// @kernel none
public record ChurnResult(
        List<ChurnSample> samples,
        long steps,
        long regions,
        long splits,
        long verifiedBytes,
        DeviceMemoryStatistics memory,
        long digest) {
    /// Copies the samples.
    public ChurnResult {
        samples = List.copyOf(samples);
    }

    /// The least share of the free memory in pieces of 2 MiB while half of the memory was free.
    public double largeShareMin() {
        return samples.stream().mapToDouble(ChurnSample::largeShareMin).min().orElse(1);
    }

    /// Steps at which half of the memory was free.
    public long halfFreeSteps() {
        return samples.stream().mapToLong(ChurnSample::halfFreeSteps).sum();
    }
}
