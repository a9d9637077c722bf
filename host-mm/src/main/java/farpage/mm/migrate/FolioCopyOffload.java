package farpage.mm.migrate;

/// Somebody who copies the contents of many folios at once, for a migration that has unmapped them:
/// a device's copy engine, or several CPUs.
///
/// ```
/// machine.folioMigration().set(MigrateOffload.batch(offload));
/// ```
///
/// It is called with the locks of all folios held, sources and destinations, and none that is inner
/// to them; from any thread, and from several at once. All pages are the system's.
///
/// @kernel mm/migrate.c: folios_mc_copy
@FunctionalInterface
public interface FolioCopyOffload {
    /// Copies every folio to its destination, and returns when that is done. No page is in it
    /// twice.
    ///
    /// @param folios what to copy; only until this returns
    FolioCopyAnswer copy(FolioPairs folios);
}
