package farpage.emulator.experiment.filebacked;

/// What is timed.
enum FilePhase {
    /// The device is given the contents, which are in the page cache.
    TO_DEVICE("to-device"),
    /// It reads all of it.
    READ("device-read"),
    /// It writes all of it.
    WRITE("device-write"),
    /// What it wrote is made safe on the disk.
    SYNC("sync"),
    /// A CPU reads all of the file with `read`.
    CPU_READ("cpu-read"),
    /// The device reads it again, and a CPU does; nobody has written meanwhile.
    READ_ONLY_TURN("read-only-turn");

    private final String label;

    FilePhase(String label) {
        this.label = label;
    }

    /// In reports.
    String label() {
        return label;
    }
}
