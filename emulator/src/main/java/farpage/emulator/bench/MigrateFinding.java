package farpage.emulator.bench;

import farpage.emulator.experiment.Direction;
import farpage.mm.migrate.MigratePhase;
import java.util.Map;
import java.util.Optional;

/// A row of `bench migrate`.
///
/// @param figures empty where the row could not be measured
/// @param phases the times of one move's phases, taken in rounds of their own, because looking at a
///   clock takes time too
/// @param obstacle why it could not be measured
/// @kernel None: a result
public record MigrateFinding(
        MigrateCase row,
        Direction direction,
        Optional<Throughput> figures,
        Map<MigratePhase, Distribution> phases,
        Optional<String> obstacle) {
    /// Keeps the phases as an unmodifiable map.
    public MigrateFinding {
        phases = Map.copyOf(phases);
    }
}
