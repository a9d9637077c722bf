package farpage.mm.zonedevice;

import farpage.mm.Errno;

/// What the driver of device memory supplies, whatever the type of the memory.
///
/// @kernel include/linux/memremap.h: struct dev_pagemap_ops
public interface DevicePagemapOps {
    /// The last reference to a device folio went away: its memory may be used again. May be called
    /// with a page table's lock held, so it waits for nothing but its own allocator.
    void folioFree(long page, int order);

    /// Memory of the device is broken. The driver may unmap the pages, remember them and tell whom
    /// it concerns; it holds no lock when it is asked.
    ///
    /// @param pageCount pages from `page` on
    /// @return EOPNOTSUPP if the driver leaves it to the memory manager, which can do nothing
    /// @kernel include/linux/memremap.h: struct dev_pagemap_ops, memory_failure
    default Errno memoryFailure(DevicePagemap pagemap, long page, int pageCount) {
        return Errno.EOPNOTSUPP;
    }

    /// As [#folioFree(long, int)] for base pages with consecutive numbers, which a driver may be
    /// able to take back more cheaply together.
    default void pagesFree(long firstPage, int count) {
        for (int i = 0; i < count; i++) {
            folioFree(firstPage + i, 0);
        }
    }

    /// The same for base pages that lie anywhere, those at `[from, to)` of a list.
    default void pagesFree(long[] pages, int from, int to) {
        for (int i = from; i < to; i++) {
            folioFree(pages[i], 0);
        }
    }
}
