package farpage.emulator.copy;

/// Who copies the contents of folios in ordinary migrations.
///
/// @kernel drivers/migoffc
public enum OffloadProvider {
    /// The migrating CPU, each folio when it moves.
    NONE("none"),
    /// The migrating CPU, a batch at once.
    CPU("cpu"),
    /// Several CPUs, a batch at once.
    THREADS("threads"),
    /// The first OpenCL device, a batch at once.
    DEVICE("device");

    private final String label;

    OffloadProvider(String label) {
        this.label = label;
    }

    /// The name that never changes.
    public String label() {
        return label;
    }
}
