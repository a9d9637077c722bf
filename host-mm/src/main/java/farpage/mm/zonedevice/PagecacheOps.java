package farpage.mm.zonedevice;

/// What a driver supplies besides whose device-private memory may hold pages of files: a way back
/// into the page cache that no CPU fault asks for.
///
/// Without it the contents of a page that is looked up by its file are read from the store once
/// more, and what the device wrote is lost; shared memory, which has no store, does not move to
/// such a device at all.
///
/// @kernel include/linux/memremap.h: struct dev_pagemap_ops
public interface PagecacheOps extends DevicePrivateOps {
    /// What became of the contents.
    ///
    /// @kernel include/linux/memremap.h: struct dev_pagemap_ops
    enum PagecacheCopy {
        /// They are in the new page.
        COPIED,
        /// They could not be copied, but the device still has them: the page stays there.
        FAILED,
        /// The device has them no more: the store's are to be used.
        LOST
    }

    /// Copies a folio of the device to one of the system, of the same size, that is about to take
    /// its place in its file. If the device has written it the driver marks the new one dirty: else
    /// what was written never reaches the store.
    ///
    /// Both are locked, and nothing maps them. The mmap lock may be held, or not.
    ///
    /// @param devicePage its head, and `newPage` that of the other
    PagecacheCopy migrateToPagecache(long devicePage, long newPage);
}
