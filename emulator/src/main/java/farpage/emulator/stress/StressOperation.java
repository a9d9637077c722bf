package farpage.emulator.stress;

/// What an agent does in one step.
///
/// @kernel tools/testing/selftests/mm/hmm-tests.c: what its cases are made of
public enum StressOperation {
    /// The CPU loads words.
    LOAD("loads"),
    /// The CPU stores words.
    STORE("stores"),
    /// A device loads a page.
    DEVICE_READ("device reads"),
    /// A device stores a page.
    DEVICE_WRITE("device writes"),
    /// A range migrates to a device.
    MIGRATE_TO_DEVICE("migrations to a device"),
    /// A range migrates back.
    MIGRATE_TO_SYSTEM("migrations to the system"),
    /// A device's view of a range is taken.
    SNAPSHOT("snapshots"),
    /// A device gives all its pages up.
    RELEASE("releases"),
    /// A page is unmapped and mapped again.
    REMAP("unmappings"),
    /// A page is made read-only and writable again.
    PROTECT("protections"),
    /// A child is forked, works, and exits.
    FORK("forks"),
    /// All pages of 2 MiB go to a device, as one folio if they are one.
    MIGRATE_HUGE("migrations of 2 MiB"),
    /// The pages of 2 MiB are made one folio.
    COLLAPSE("collapses"),
    /// A device moves folios together.
    COMPACT("compactions"),
    /// A page is read by its file.
    FILE_READ("file reads"),
    /// A page is written by its file.
    FILE_WRITE("file writes"),
    /// The file is written back.
    SYNC("syncs"),
    /// A device joins the base pages of 2 MiB that it has.
    JOIN("joins");

    private final String label;

    StressOperation(String label) {
        this.label = label;
    }

    /// Whether it is drawn only where a design asks for it that Linux has not.
    public boolean isOfDesign() {
        return switch (this) {
            case FILE_READ, FILE_WRITE, SYNC, JOIN -> true;
            case LOAD,
                    STORE,
                    DEVICE_READ,
                    DEVICE_WRITE,
                    MIGRATE_TO_DEVICE,
                    MIGRATE_TO_SYSTEM,
                    SNAPSHOT,
                    RELEASE,
                    REMAP,
                    PROTECT,
                    FORK,
                    MIGRATE_HUGE,
                    COLLAPSE,
                    COMPACT ->
                    false;
        };
    }

    /// The plural, for reports.
    public String label() {
        return label;
    }
}
