package farpage.mm.zonedevice;

import farpage.mm.Page;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;

/// What the driver of device-private memory supplies besides: no CPU can reach its pages, so it
/// must be able to bring them back.
///
/// @kernel include/linux/memremap.h: struct dev_pagemap_ops, migrate_to_ram
public interface DevicePrivateOps extends DevicePagemapOps {
    /// The CPU touched a device-private page. Called with the mmap lock held for reading; the page
    /// of the fault is locked and carries one reference more, both the core's.
    ///
    /// @return HANDLED to let the CPU try again; OUT_OF_MEMORY or SIGBUS reach the thread
    FaultResult migrateToRam(PageFault fault);

    /// The page by which another device reaches the memory of a device-private page, without moving
    /// it. The answer holds until the mapping of the page is invalidated; no reference is taken. It
    /// may be asked for a page that goes away meanwhile: who asks reads the notifier's sequence.
    ///
    /// @param page that a process maps
    /// @return [Page#NONE] if the driver has none, or no way to it
    /// @kernel None: get_dma_pfn_for_device of struct dev_pagemap_ops, proposed in 2024
    default long dmaPageForDevice(long page) {
        return Page.NONE;
    }

    /// A device folio was cut into smaller ones: called for each new folio, in order, and then once
    /// more for the head. The folio is locked, and nobody can take a reference. Without a driver's
    /// say a new folio has the data of none.
    ///
    /// @param head the first piece, which keeps the identity of the folio
    /// @param tail the head of a new folio; [Page#NONE] in the last call
    /// @kernel include/linux/memremap.h: struct dev_pagemap_ops, folio_split
    default void folioSplit(long head, long tail) {}

    /// As [#folioSplit(long, long)] for all pieces of a folio, which a driver may be able to note
    /// more cheaply together.
    ///
    /// @param order that the folio had
    /// @param newOrder of the pieces
    default void folioSplit(long head, int order, int newOrder) {
        for (long tail = head + (1L << newOrder);
                tail < head + (1L << order);
                tail += 1L << newOrder) {
            folioSplit(head, tail);
        }
        folioSplit(head, Page.NONE);
    }
}
