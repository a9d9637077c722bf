package farpage.emulator.experiment.batchoffload;

/// Who copies, and when.
///
/// @kernel mm/migrate.c: migrate_pages_batch; drivers/migoffc
enum CopyWay {
    /// The migrating CPU, each folio when it moves, as Linux 7.0.
    TODAY("today"),
    /// The migrating CPU, the whole batch.
    CPU("cpu"),
    /// Several CPUs, the whole batch.
    THREADS("threads"),
    /// The OpenCL device, the whole batch.
    DEVICE("device");

    private final String label;

    CopyWay(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }
}
