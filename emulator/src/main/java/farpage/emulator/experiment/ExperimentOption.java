package farpage.emulator.experiment;

/// What a user may set of an experiment.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: parameters of benchmark_thp_migration
public enum ExperimentOption {
    /// How much memory it works on.
    SIZE,
    /// How often each thing is measured.
    RUNS,
    /// Runs before those that count.
    WARM_UP,
    /// The orders of folios.
    ORDERS
}
