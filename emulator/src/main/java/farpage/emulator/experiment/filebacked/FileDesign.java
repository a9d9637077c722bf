package farpage.emulator.experiment.filebacked;

import farpage.mm.file.FileBackedMode;

/// A way for a device to work on a file.
enum FileDesign {
    /// Today: the program reads the file into anonymous memory, which migrates, and writes it back.
    BUFFER("buffer", FileBackedMode.OFF),
    /// Today: the device works on the mapped file where it is, in system memory.
    SYSTEM("system", FileBackedMode.OFF),
    /// The RFC: the file's pages move.
    MIGRATE("migrate", FileBackedMode.MIGRATE),
    /// The counter-proposal: the device reads copies.
    COPY("copy", FileBackedMode.COPY);

    private final String label;
    private final FileBackedMode mode;

    FileDesign(String label, FileBackedMode mode) {
        this.label = label;
        this.mode = mode;
    }

    /// In reports.
    String label() {
        return label;
    }

    FileBackedMode mode() {
        return mode;
    }
}
