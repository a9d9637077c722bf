package farpage.emulator.experiment.deviceoffset;

/// How the pages of a device are described.
///
/// @kernel include/linux/mm_types.h: struct page
enum DescriptorKind {
    /// 64 bytes for every page, when the memory is registered: what Linux does.
    STRUCT_EAGER("64 bytes, at once"),
    /// 64 bytes for every page, made for 128 MiB at once when a page of them is first used.
    STRUCT_LAZY("64 bytes, on demand"),
    /// What this model keeps, made for as much on demand.
    FARPAGE("8 bytes, on demand");

    private final String label;

    DescriptorKind(String label) {
        this.label = label;
    }

    String label() {
        return label;
    }
}
