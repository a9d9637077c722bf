package farpage.mm.migrate;

/// When an ordinary migration copies the contents of its folios. Either way a batch of folios is
/// unmapped first.
///
/// @kernel mm/migrate.c: migrate_pages_batch
public enum FolioCopyMode {
    /// Each folio when it is its turn to move, by the CPU that migrates: copied, moved, mapped
    /// again.
    SINGLE,
    /// All folios of the batch in one step before the first of them moves, by whoever offers to.
    BATCH
}
