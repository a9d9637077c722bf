package farpage.mm.hmm;

import java.util.OptionalLong;

/// How one device's accesses to memory are translated: what an IOMMU, or its absence, does for it.
///
/// @kernel include/linux/dma-mapping.h
public interface DmaDevice {
    /// No address: the page can not be mapped.
    ///
    /// @kernel include/linux/dma-mapping.h: DMA_MAPPING_ERROR
    long MAPPING_ERROR = -1;

    /// Whether caches must be flushed around each transfer.
    ///
    /// @kernel include/linux/device.h: dma_skip_sync
    boolean needsSync();

    /// Whether there is memory that the device can not address, so that pages may be copied to
    /// others that it can.
    ///
    /// @kernel kernel/dma/mapping.c: dma_addressing_limited
    boolean isAddressingLimited();

    /// Whether a mapping must be undone; if not, an address says nothing but where the page lies.
    ///
    /// @kernel include/linux/dma-mapping.h: dma_need_unmap
    boolean needsUnmap();

    /// Reserves addresses in a row, in which pages can then be linked one by one.
    ///
    /// @param size bytes
    /// @return the first one; empty if addresses are not the device's own to choose
    /// @kernel drivers/iommu/dma-iommu.c: dma_iova_try_alloc
    OptionalLong allocateIova(long size);

    /// Gives reserved addresses back; nothing is linked there.
    ///
    /// @kernel drivers/iommu/dma-iommu.c: dma_iova_free
    void freeIova(long address, long size);

    /// Links memory at reserved addresses, for both directions.
    ///
    /// @param page the first page
    /// @param mmio whether it is memory of another device
    /// @return false if it can not be done; nothing is linked then
    /// @kernel drivers/iommu/dma-iommu.c: dma_iova_link, dma_iova_sync
    boolean link(long address, long page, long size, boolean mmio);

    /// Ends what [#link] did.
    ///
    /// @kernel drivers/iommu/dma-iommu.c: dma_iova_unlink
    void unlink(long address, long size, boolean mmio);

    /// Maps memory at an address of the device's choice, for both directions.
    ///
    /// @return the address, or [#MAPPING_ERROR]
    /// @kernel kernel/dma/mapping.c: dma_map_phys
    long map(long page, long size, boolean mmio);

    /// Ends what [#map] did. Only for devices that need it.
    ///
    /// @kernel kernel/dma/mapping.c: dma_unmap_phys
    void unmap(long address, long size, boolean mmio);
}
