package farpage.mm.migrate;

/// The phases that a migration goes through, in their order. Those in the middle are the driver's.
///
/// @kernel mm/migrate_device.c: migrate_vma_setup, migrate_vma_pages, migrate_vma_finalize
public enum MigratePhase {
    /// The range is walked, folios are locked, migration entries put in their place.
    COLLECT,
    /// Mappings elsewhere are replaced too, and folios that somebody holds are given back.
    UNMAP,
    /// The driver finds destinations, and takes from its device what would be wrong from now on.
    ALLOCATE,
    /// The device copies.
    COPY,
    /// What is known of each folio moves to its destination.
    PAGES,
    /// The device's page table and the process's learn where the data is; the rest is freed.
    FINISH
}
