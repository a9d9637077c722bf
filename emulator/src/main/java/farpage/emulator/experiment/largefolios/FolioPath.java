package farpage.emulator.experiment.largefolios;

/// What becomes of a large folio on its way.
///
/// @kernel mm/migrate_device.c: MIGRATE_PFN_COMPOUND, migrate_vma_split_unmapped_folio
enum FolioPath {
    /// It moves as it is.
    WHOLE,
    /// No destination of its size is to be had, so it is split and moves as base pages.
    SPLIT
}
