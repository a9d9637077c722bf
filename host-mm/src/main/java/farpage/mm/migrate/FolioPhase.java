package farpage.mm.migrate;

/// The parts of an ordinary migration that its time is told for.
///
/// @kernel mm/migrate.c: migrate_folio_unmap, folio_mc_copy, migrate_folio_move
public enum FolioPhase {
    /// Locks, destinations, and migration entries in the place of mappings.
    UNMAP,
    /// Contents.
    COPY,
    /// State, mappings of the destinations, and letting go.
    MOVE
}
