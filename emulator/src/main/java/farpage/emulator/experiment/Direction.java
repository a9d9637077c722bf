package farpage.emulator.experiment;

/// Where a migration goes.
///
/// @kernel lib/test_hmm.c: HMM_DMIRROR_MIGRATE_TO_DEV, HMM_DMIRROR_MIGRATE_TO_SYS
public enum Direction {
    TO_DEVICE,
    TO_SYSTEM
}
