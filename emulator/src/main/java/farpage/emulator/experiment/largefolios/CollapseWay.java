package farpage.emulator.experiment.largefolios;

/// How 512 base pages become a folio of 2 MiB on a device, or not.
///
/// @kernel mm/khugepaged.c: collapse_huge_page
enum CollapseWay {
    /// They stay base pages.
    NONE("page by page"),
    /// They are joined on their way to the device.
    ON_THE_WAY("joined on the way"),
    /// They are joined where they are, apart from each other on the device.
    IN_PLACE("joined in place");

    private final String label;

    CollapseWay(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }
}
