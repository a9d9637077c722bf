/// Movement of pages between system memory and devices: what `mm/migrate_device.c` is in the
/// kernel.
///
/// A driver opens a [farpage.mm.migrate.MigrateVma] (by address) or a
/// [farpage.mm.migrate.MigrateDevice] (by device page) and goes through four phases:
///
/// 1. *setup*: collect the pages, lock them, put migration entries in their place, unmap them from
///    other processes, and let go of those with references that nobody can account for.
/// 2. The driver allocates destinations, copies the bytes, and stores the destinations.
/// 3. *pages*: the state of each page moves from source to destination.
/// 4. *finish*: migration entries become mappings of the page where the contents now are.
///
/// Two arrays of words carry it all ([farpage.mm.migrate.MigratePfn]). A page that can not go on
/// loses a bit in its word; nothing is unwound for the others.
///
/// Folios of the system that go to other frames of it migrate the ordinary way
/// ([farpage.mm.migrate.MigrateFolios], `mm/migrate.c`): unmapped in batches, copied folio by folio
/// or a batch at once ([farpage.mm.migrate.MigrateOffload]), moved folio by folio.
@org.jspecify.annotations.NullMarked
package farpage.mm.migrate;
