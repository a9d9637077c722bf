package farpage.emulator.experiment.filebacked;

import farpage.mm.PageSize;
import farpage.mm.file.FileBackedMode;

/// A way for a device to work on a file.
enum FileDesign {
    /// Today: the program reads the file into anonymous memory, which migrates, and writes it back.
    BUFFER("buffer", FileBackedMode.OFF, 0),
    /// Today: the device works on the mapped file where it is, in system memory.
    SYSTEM("system", FileBackedMode.OFF, 0),
    SYSTEM_LARGE("system-2m", FileBackedMode.OFF, PageSize.HPAGE_PMD_ORDER),
    /// The RFC: the file's pages move.
    MIGRATE("migrate", FileBackedMode.MIGRATE, 0),
    MIGRATE_LARGE("migrate-2m", FileBackedMode.MIGRATE, PageSize.HPAGE_PMD_ORDER),
    /// The counter-proposal: the device reads copies.
    COPY("copy", FileBackedMode.COPY, 0),
    COPY_LARGE("copy-2m", FileBackedMode.COPY, PageSize.HPAGE_PMD_ORDER);

    private final String label;
    private final FileBackedMode mode;
    private final int folioOrder;

    FileDesign(String label, FileBackedMode mode, int folioOrder) {
        this.label = label;
        this.mode = mode;
        this.folioOrder = folioOrder;
    }

    /// In reports.
    String label() {
        return label;
    }

    FileBackedMode mode() {
        return mode;
    }

    /// The largest order of the file's folios in the page cache.
    int folioOrder() {
        return folioOrder;
    }
}
