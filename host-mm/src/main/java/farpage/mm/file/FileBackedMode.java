package farpage.mm.file;

/// Whether devices may have pages of files, and how. Linux has none of this; two designs were
/// proposed.
///
/// @kernel mm/migrate_device.c: migrate_vma_check_page, the comment about file-backed pages
public enum FileBackedMode {
    /// As in Linux: pages of files stay in system memory.
    OFF,
    /// A page of a file moves to the device, and its place in the page cache names the device's
    /// page. Whoever looks the page up by its file brings it back first.
    MIGRATE,
    /// The page stays in the page cache, and a device may hold a copy to read from. The file knows
    /// every copy and has it dropped before the page changes or goes.
    COPY
}
