package farpage.mm.zonedevice;

import farpage.mm.Page;
import farpage.mm.physical.PhysicalRange;
import org.jspecify.annotations.Nullable;

/// What a driver asks for when it registers device pages. Nothing is checked here: what does not
/// fit together is refused by the machine, with the kernel's error.
///
/// @param type of the memory
/// @param firstPage the first page; [Page#NONE] for the lowest free stretch of the type's numbers
/// @param pageCount base pages
/// @param ops the driver's side, [DevicePrivateOps] for device-private memory
/// @param owner the identity by which migrations and faults know the pages
/// @param cpuMapping how a CPU reaches device-coherent pages; there is none for other types
/// @param window of the physical address map that device-private pages are to be in, if the driver
///   has taken one; without, a machine that needs one takes it for them. Not looked at where pages
///   have no physical address
/// @kernel include/linux/memremap.h: struct dev_pagemap, as memremap_pages takes it
public record PagemapRequest(
        MemoryType type,
        long firstPage,
        int pageCount,
        @Nullable DevicePagemapOps ops,
        @Nullable Object owner,
        @Nullable CpuMapping cpuMapping,
        @Nullable PhysicalRange window) {
    /// Pages in no window of the driver's own.
    public PagemapRequest(
            MemoryType type,
            long firstPage,
            int pageCount,
            @Nullable DevicePagemapOps ops,
            @Nullable Object owner,
            @Nullable CpuMapping cpuMapping) {
        this(type, firstPage, pageCount, ops, owner, cpuMapping, null);
    }

    /// The same pages in a window that the driver has taken.
    public PagemapRequest within(PhysicalRange taken) {
        return new PagemapRequest(type, firstPage, pageCount, ops, owner, cpuMapping, taken);
    }

    /// Device-private pages, wherever there is room.
    public static PagemapRequest devicePrivate(
            int pageCount, @Nullable DevicePagemapOps ops, @Nullable Object owner) {
        return new PagemapRequest(MemoryType.PRIVATE, Page.NONE, pageCount, ops, owner, null);
    }

    /// Second pages of memory that other devices reach, at a place that the driver derives from
    /// that of the first ones.
    public static PagemapRequest p2pdma(
            long firstPage, int pageCount, @Nullable DevicePagemapOps ops, @Nullable Object owner) {
        return new PagemapRequest(MemoryType.PCI_P2PDMA, firstPage, pageCount, ops, owner, null);
    }

    /// Device-coherent pages at a fixed place, where the firmware says that the memory is.
    public static PagemapRequest deviceCoherent(
            long firstPage,
            int pageCount,
            @Nullable DevicePagemapOps ops,
            @Nullable Object owner,
            @Nullable CpuMapping cpuMapping) {
        return new PagemapRequest(
                MemoryType.COHERENT, firstPage, pageCount, ops, owner, cpuMapping);
    }
}
