package farpage.emulator.bench;

/// What the benchmark of bookkeeping measures.
///
/// @kernel mm/migrate_device.c, mm/hmm.c, mm/memremap.c: what they cost
public enum MetadataKind {
    /// The whole migration of base pages to a device and back, but for the copies.
    MIGRATE_ROUND_TRIP("migrateRoundTrip"),

    /// Looking pages up in a process's page table, as a driver does before it maps them.
    PAGE_TABLE_WALK("pageTableWalk"),

    /// Registering device memory, up to where pages can be allocated.
    INIT_DEVICE_MEMORY("initDeviceMemory"),

    /// The heap that a device page in use takes.
    BYTES_PER_PAGE("bytesPerPage");

    private final String label;

    MetadataKind(String label) {
        this.label = label;
    }

    /// Its name in reports.
    public String label() {
        return label;
    }
}
