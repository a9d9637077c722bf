package farpage.emulator.bench;

import java.util.Optional;

/// A row of `bench copy`.
///
/// @param figures empty where the row could not be measured
/// @param obstacle why not
/// @opencl None: a result
public record CopyFinding(CopyCase row, Optional<Throughput> figures, Optional<String> obstacle) {}
