package farpage.emulator.experiment;

/// Where a migration goes.
///
/// @kernel lib/test_hmm.c: HMM_DMIRROR_MIGRATE_TO_DEV, HMM_DMIRROR_MIGRATE_TO_SYS
public enum Direction {
    TO_DEVICE("toDevice"),
    TO_SYSTEM("toSystem");

    private final String label;

    Direction(String label) {
        this.label = label;
    }

    /// Its name for programs.
    public String label() {
        return label;
    }
}
