package farpage.mm.migrate;

/// Which pages a migration collects. Pages of a device are collected only for their owner.
///
/// @kernel include/linux/migrate.h: enum migrate_vma_direction
public enum MigrateSelect {
    SYSTEM,
    DEVICE_PRIVATE,
    DEVICE_COHERENT
}
