package farpage.emulator.experiment.largefolios;

/// What one measured move covers.
///
/// @kernel mm/migrate_device.c: the range of struct migrate_vma
enum MoveUnit {
    /// 2 MiB in one command, whatever folios it is made of.
    BLOCK,
    /// All memory of the experiment in one command.
    RANGE,
    /// One folio: to the device by a command for it alone, as a device's fault gives; back by a
    /// CPU's fault.
    FAULT
}
