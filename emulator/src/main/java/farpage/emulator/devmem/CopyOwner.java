package farpage.emulator.devmem;

/// Who keeps copies on a device that may be given up at any time, because the original is in system
/// memory. It is what the driver keeps for such pages.
///
/// @kernel include/linux/memremap.h: folio_zone_device_data
public interface CopyOwner {
    /// Gives a page up, if it is a copy still. No folio is locked.
    ///
    /// @return whether it is free now
    boolean discard(long devicePage);

    /// Whether the page is a copy that nobody may write, equal to its original.
    boolean isCopy(long devicePage);
}
