package farpage.mm.migrate;

/// What an ordinary migration did.
///
/// @param migratedPages base pages that moved; pages that were freed meanwhile are in neither count
/// @param failedPages base pages that stay where they were
/// @param migratedFolios folios that moved, pieces of split ones each for itself
/// @param failedFolios folios that stay
/// @param splitFolios large folios that were split because there was no destination of their size
/// @kernel mm/migrate.c: struct migrate_pages_stats
public record MigrateFoliosResult(
        int migratedPages,
        int failedPages,
        int migratedFolios,
        int failedFolios,
        int splitFolios) {}
