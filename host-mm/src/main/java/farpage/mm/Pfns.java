package farpage.mm;

import farpage.mm.physical.MemRegion;
import farpage.mm.physical.NumberSpace;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.physical.PhysicalRange;
import farpage.mm.zonedevice.DevicePagemap;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Which page a page frame number of one machine names, and which number a page has.
///
/// In [NumberSpace#PHYSICAL] every page has one: a device's lies in the window of the physical
/// address map that its pagemap was put in. In [NumberSpace#OFFSET] a device's page has none, and
/// whoever goes by numbers does not come by it.
///
/// @kernel include/asm-generic/memory_model.h: page_to_pfn, pfn_to_page
public final class Pfns {
    private final PagemapRegistry pagemaps;
    private final long ramPageCount;
    private final Optional<PhysicalAddressMap> map;

    Pfns(PagemapRegistry pagemaps, long ramPageCount, Optional<PhysicalAddressMap> map) {
        this.pagemaps = pagemaps;
        this.ramPageCount = ramPageCount;
        this.map = map;
    }

    public NumberSpace space() {
        return map.isPresent() ? NumberSpace.PHYSICAL : NumberSpace.OFFSET;
    }

    /// The physical address map, where device pages are in it. Only to be looked at.
    public Optional<PhysicalAddressMap> map() {
        return map;
    }

    /// Whether a page has a PFN: one of the system, or of a device in [NumberSpace#PHYSICAL].
    public boolean isKnown(long page) {
        return !Page.isDevice(page) || map.isPresent();
    }

    /// The PFN of a page.
    ///
    /// @throws IllegalArgumentException for a page outside the physical address map
    /// @kernel include/asm-generic/memory_model.h: page_to_pfn
    public long pfn(long page) {
        if (!Page.isDevice(page)) {
            return Page.pfn(page);
        }
        if (map.isEmpty()) {
            throw new IllegalArgumentException(
                    "page: value=%s, limit=pages in the physical address map"
                            .formatted(Page.describe(page)));
        }
        return pagemaps.pagemap(page).pfn(page);
    }

    /// The number of a page in whichever space it is in, for a word whose type says which: its PFN,
    /// or else its device PFN.
    ///
    /// @kernel include/linux/swapops.h: swp_offset_pfn
    public long pfnOrOffset(long page) {
        return isKnown(page) ? pfn(page) : Page.devicePfn(page);
    }

    /// The page of a PFN, or [Page#NONE].
    ///
    /// @kernel include/asm-generic/memory_model.h: pfn_to_page, after pfn_valid
    public long page(long pfn) {
        if (pfn < 0) {
            return Page.NONE;
        }
        if (pfn < ramPageCount) {
            return Page.ofPfn(pfn);
        }
        DevicePagemap pagemap = map.isEmpty() ? null : pagemaps.lookupPfn(pfn);
        return pagemap == null ? Page.NONE : pagemap.pageOfPfn(pfn);
    }

    /// What the physical address map says of a PFN; null for a hole, and without a map.
    public @Nullable PhysicalRange range(long pfn) {
        return pagemaps.range(PageSize.pageAddress(pfn));
    }

    /// Takes a window of the physical address map for a driver that registers its memory in parts.
    ///
    /// @throws IllegalStateException without a map
    /// @kernel kernel/resource.c: request_free_mem_region
    public MemRegion requestFreeMemRegion(long bytes, String name) {
        return pagemaps.requestFreeMemRegion(bytes, name);
    }

    /// Gives such a window back, in which no pagemap is any more.
    ///
    /// @kernel kernel/resource.c: release_mem_region
    public void releaseMemRegion(PhysicalRange window) {
        pagemaps.releaseMemRegion(window);
    }
}
