package farpage.mm.migrate;

/// A migration that was set up, as its driver sees it: words for the sources, places for the
/// destinations, and the two phases that end it. It does not matter to the copying whether the
/// pages were found by address or by device page.
///
/// @kernel include/linux/migrate.h: the src and dst arrays
public sealed interface Migration permits MigrateVma, MigrateDevice {
    /// Words in the arrays.
    int pageCount();

    /// The source word of a page.
    long src(int index);

    /// The destination word of a page, [MigratePfn#SKIP] until the driver stores one.
    long dst(int index);

    /// The driver's destination for a page: a page that it allocated, locked and filled, whose one
    /// reference the migration takes over; [MigratePfn#SKIP] takes it back. Before *pages* only.
    void setDst(int index, long word);

    /// Whether every word that migrates is that of a base page: no large folio, and no hole.
    boolean hasBasePagesOnly();

    /// Words that migrate, after *setup*. That of a large folio is one.
    ///
    /// @kernel include/linux/migrate.h: struct migrate_vma, cpages
    int migratingCount();

    /// Whether a large source may be given smaller destinations, one word each: it is cut then.
    /// Without, such a source stays.
    ///
    /// @kernel mm/migrate_device.c: __migrate_device_pages, without a struct migrate_vma
    boolean mayCut();

    /// Moves the state of the pages that have a destination.
    ///
    /// @kernel mm/migrate_device.c: migrate_vma_pages, migrate_device_pages
    void pages();

    /// Ends the migration. It must follow every setup that succeeded.
    ///
    /// @kernel mm/migrate_device.c: migrate_vma_finalize, migrate_device_finalize
    void finish();
}
