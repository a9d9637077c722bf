package farpage.mm.hmm;

import farpage.mm.Errno;
import farpage.mm.PageSize;
import java.util.OptionalLong;

/// The pages of a range as one device addresses them.
///
/// The words are those that [HmmRangeFault] fills: it keeps what is noted here in them, so a range
/// can be faulted again, to gain the right to write for instance, and its pages are still mapped.
///
/// ```
/// switch (HmmDmaMap.allocate(device, pageCount, PageSize.PAGE_SIZE)) {
///     case Allocated(HmmDmaMap map) -> // fill a range whose words are map.hmmPfns(), then
///             map.map(index, P2pdmaRoutes.NONE);  // for each page, under the driver's lock
///     case Refused(Errno errno) -> // the device's accesses can not be mapped like that
/// }
/// ```
///
/// The driver unmaps every page before it closes the map. Guarded by the driver's lock.
///
/// @kernel include/linux/hmm-dma.h: struct hmm_dma_map; mm/hmm.c
public final class HmmDmaMap implements AutoCloseable {
    private final DmaDevice device;
    private final long entrySize;
    private final long[] hmmPfns;

    /// Reserved addresses for all entries, in a row.
    private final OptionalLong iova;

    /// The address of each entry, if the device has no such row and mappings must be undone.
    private final long[] addresses;

    /// The answer to the wish for a map.
    ///
    /// @kernel mm/hmm.c: hmm_dma_map_alloc
    public sealed interface Allocation {
        /// It is there, with no page mapped.
        ///
        /// @param map to be closed by the caller
        /// @kernel mm/hmm.c: hmm_dma_map_alloc
        record Allocated(HmmDmaMap map) implements Allocation {}

        /// It can not be.
        ///
        /// @param errno EOPNOTSUPP for a device whose transfers may need copies, ENOMEM
        /// @kernel mm/hmm.c: hmm_dma_map_alloc
        record Refused(Errno errno) implements Allocation {}
    }

    private HmmDmaMap(DmaDevice device, int entryCount, long entrySize, OptionalLong iova) {
        this.device = device;
        this.entrySize = entrySize;
        this.hmmPfns = new long[entryCount];
        this.iova = iova;
        this.addresses = new long[iova.isEmpty() && device.needsUnmap() ? entryCount : 0];
    }

    /// Makes a map. A page that a driver has through `hmm_range_fault` is never handed over from
    /// CPU to device and back, so a device that needs that for its transfers is refused.
    ///
    /// @param entryCount base pages that the map covers at most
    /// @param entrySize bytes that the device maps for each word: a page, or more in a row
    /// @kernel mm/hmm.c: hmm_dma_map_alloc
    public static Allocation allocate(DmaDevice device, long entryCount, long entrySize) {
        assert entryCount > 0;
        assert entrySize > 0;
        if (device.needsSync() || device.isAddressingLimited()) {
            return new Allocation.Refused(Errno.EOPNOTSUPP);
        }
        if (entryCount > Integer.MAX_VALUE / Long.BYTES) {
            return new Allocation.Refused(Errno.ENOMEM);
        }
        OptionalLong iova = device.allocateIova(PageSize.pageAddress(entryCount));
        return new Allocation.Allocated(new HmmDmaMap(device, (int) entryCount, entrySize, iova));
    }

    /// The words, for a range to fill.
    public long[] hmmPfns() {
        return hmmPfns;
    }

    /// Lets the device address a page. One that is mapped already keeps its address; only the
    /// address on the bus is looked up again.
    ///
    /// @param index of a word that is valid
    /// @return the address for the device, or [DmaDevice#MAPPING_ERROR]
    /// @kernel mm/hmm.c: hmm_dma_map_pfn
    public long map(int index, P2pdmaRoutes routes) {
        long word = hmmPfns[index];
        if ((word & (HmmPfn.DMA_MAPPED | HmmPfn.P2PDMA_BUS)) == HmmPfn.DMA_MAPPED && hasState()) {
            return iova.isPresent() ? reserved(index) : addresses[index];
        }
        long page = HmmPfn.page(word);
        return switch (routes.route(page)) {
            case NONE -> mapMemory(index, page, 0);
            case THRU_HOST_BRIDGE -> mapMemory(index, page, HmmPfn.P2PDMA);
            case BUS_ADDR -> {
                hmmPfns[index] |= HmmPfn.P2PDMA_BUS | HmmPfn.DMA_MAPPED;
                yield routes.busAddress(page);
            }
            case NOT_SUPPORTED -> DmaDevice.MAPPING_ERROR;
        };
    }

    /// @param flag what the word gets besides, of the sticky ones
    private long mapMemory(int index, long page, long flag) {
        boolean mmio = flag != 0;
        long address;
        if (iova.isPresent()) {
            boolean linked = device.link(reserved(index), page, entrySize, mmio);
            address = linked ? reserved(index) : DmaDevice.MAPPING_ERROR;
        } else {
            address = device.map(page, entrySize, mmio);
        }
        if (address == DmaDevice.MAPPING_ERROR) {
            hmmPfns[index] &= ~HmmPfn.P2PDMA;
            return DmaDevice.MAPPING_ERROR;
        }
        if (addresses.length > 0) {
            addresses[index] = address;
        }
        hmmPfns[index] |= HmmPfn.DMA_MAPPED | flag;
        return address;
    }

    /// Takes a page away from the device.
    ///
    /// @return false if it was not mapped, or its word is not valid
    /// @kernel mm/hmm.c: hmm_dma_unmap_pfn
    public boolean unmap(int index) {
        long word = hmmPfns[index];
        if (!HmmPfn.isValid(word) || !HmmPfn.isDmaMapped(word)) {
            return false;
        }
        boolean mmio = (word & HmmPfn.P2PDMA) != 0;
        boolean overTheBus = (word & HmmPfn.P2PDMA_BUS) != 0;
        if (!overTheBus && iova.isPresent()) {
            device.unlink(reserved(index), entrySize, mmio);
        } else if (!overTheBus && device.needsUnmap()) {
            device.unmap(addresses[index], entrySize, mmio);
        }
        hmmPfns[index] = word & ~HmmPfn.STICKY;
        return true;
    }

    /// Whether a mapping can be found again; else it is made anew, at the same address.
    private boolean hasState() {
        return iova.isPresent() || device.needsUnmap();
    }

    private long reserved(int index) {
        return iova.orElseThrow() + index * entrySize;
    }

    /// Gives the reserved addresses back.
    ///
    /// @kernel mm/hmm.c: hmm_dma_map_free
    @Override
    public void close() {
        for (long word : hmmPfns) {
            assert !HmmPfn.isDmaMapped(word) : "closed with a page mapped";
        }
        if (iova.isPresent()) {
            device.freeIova(iova.getAsLong(), PageSize.pageAddress(hmmPfns.length));
        }
    }
}
