package farpage.emulator.peer;

/// What a device did with the memory of others so far.
///
/// @param mappings pages of others that it was given to use where they lie; without, each would
///   have moved to RAM
/// @param refusals pages that could not be mapped, and moved to RAM
/// @param revocations pages that an invalidation took from it
/// @param readPages pages of others that it loaded
/// @param writtenPages pages of others that it stored to
/// @param directBytes copied from buffer to buffer
/// @param stagedBytes copied through memory of the host
/// @param transferNanos time of these copies between the two devices
/// @kernel None: counters of the model
public record PeerStatistics(
        long mappings,
        long refusals,
        long revocations,
        long readPages,
        long writtenPages,
        long directBytes,
        long stagedBytes,
        long transferNanos) {}
