package farpage.mm.migrate;

/// Which pages a migration collects.
///
/// @kernel include/linux/migrate.h: enum migrate_vma_direction
public enum MigrateSelect {
    SYSTEM,
    DEVICE_PRIVATE
}
