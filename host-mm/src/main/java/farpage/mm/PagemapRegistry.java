package farpage.mm;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioTable;
import farpage.mm.physical.MemRegion;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.physical.PhysicalRange;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.MemoryType;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The device pages registered with a machine, and the rules by which they are.
///
/// @kernel mm/memremap.c, kernel/resource.c: request_free_mem_region
final class PagemapRegistry {
    /// Pagemaps begin at multiples of this many pages: 128 MiB, a memory section.
    private static final int ALIGNMENT = 1 << 15;

    private final FolioTable folios;
    private final long ramPageCount;
    private final RankedLock hotplug = new RankedLock(LockRank.MEMORY_HOTPLUG);
    private final List<DevicePagemap> pagemaps = new ArrayList<>();
    private volatile @Nullable DevicePagemap[] pagemapsByPfn = new DevicePagemap[0];
    private final Optional<PhysicalPlaces> physical;

    /// @param map that device pages are to be in; empty if they are outside it
    PagemapRegistry(FolioTable folios, long ramPageCount, Optional<PhysicalAddressMap> map) {
        this.folios = folios;
        this.ramPageCount = ramPageCount;
        this.physical = map.map(PhysicalPlaces::new);
    }

    /// Registers device pages.
    PagemapRegistration register(PagemapRequest request) {
        if (!isComplete(request)) {
            return new PagemapRegistration.Refused(Errno.EINVAL);
        }
        hotplug.lock();
        try {
            long first = request.firstPage();
            if (first == Page.NONE) {
                first = freeRangeLocked(request);
                if (first == Page.NONE) {
                    return new PagemapRegistration.Refused(Errno.ERANGE);
                }
            }
            Errno errno = checkRangeLocked(request.type(), first, request.pageCount());
            if (!errno.isOk()) {
                return new PagemapRegistration.Refused(errno);
            }
            return addLocked(request, Page.devicePfn(first));
        } finally {
            hotplug.unlock();
        }
    }

    private PagemapRegistration addLocked(PagemapRequest request, long devicePfn) {
        long pfn = DevicePagemap.NO_PFN;
        PhysicalRange own = null;
        if (physical.isPresent()) {
            PhysicalRange window = request.window();
            if (window == null) {
                switch (physical.get().take(request, devicePfn)) {
                    case MemRegion.Found(PhysicalRange range) -> own = range;
                    case MemRegion.Refused(Errno errno, String reason) -> {
                        return new PagemapRegistration.Refused(errno, reason);
                    }
                }
                window = own;
            }
            if (window.size() < PageSize.pageAddress(request.pageCount())) {
                return new PagemapRegistration.Refused(Errno.EINVAL);
            }
            pfn = window.firstPfn();
        }
        DevicePagemap pagemap = new DevicePagemap(request, folios, devicePfn, pfn);
        pagemaps.add(pagemap);
        indexLocked();
        if (physical.isPresent()) {
            physical.get().add(pagemap, own);
        }
        return new PagemapRegistration.Registered(pagemap);
    }

    /// Whether the driver supplies what the type needs. Only device-private pages are put where
    /// there is room; memory that a CPU can address is where it is.
    private static boolean isComplete(PagemapRequest request) {
        if (request.pageCount() <= 0 || request.ops() == null || request.owner() == null) {
            return false;
        }
        return switch (request.type()) {
            case PRIVATE ->
                    request.ops() instanceof DevicePrivateOps && request.cpuMapping() == null;
            case COHERENT -> request.firstPage() != Page.NONE && request.cpuMapping() != null;
            case PCI_P2PDMA -> request.firstPage() != Page.NONE && request.cpuMapping() == null;
            case FS_DAX, GENERIC -> false;
        };
    }

    private Errno checkRangeLocked(MemoryType type, long first, int pageCount) {
        if (!Page.isDevice(first)) {
            return Page.pfn(first) < ramPageCount ? Errno.ENXIO : Errno.EINVAL;
        }
        long pfn = Page.devicePfn(first);
        long end = pfn + pageCount;
        for (DevicePagemap pagemap : pagemaps) {
            if (pfn < alignUp(pagemap.firstDevicePfn() + pagemap.pageCount())
                    && pagemap.firstDevicePfn() < alignUp(end)) {
                return Errno.ENOMEM;
            }
        }
        boolean possible = pfn % ALIGNMENT == 0 && pfn >= firstOf(type) && end <= endOf(type);
        return possible ? Errno.OK : Errno.EINVAL;
    }

    private static long firstOf(MemoryType type) {
        return switch (type) {
            case COHERENT -> Page.COHERENT_DEVICE_PFN_MIN;
            case PCI_P2PDMA -> Page.P2PDMA_DEVICE_PFN_MIN;
            case PRIVATE, FS_DAX, GENERIC -> 0;
        };
    }

    private static long endOf(MemoryType type) {
        return switch (type) {
            case COHERENT -> Page.COHERENT_DEVICE_PFN_MAX + 1;
            case PCI_P2PDMA -> Page.P2PDMA_DEVICE_PFN_MAX + 1;
            case PRIVATE, FS_DAX, GENERIC -> Page.COHERENT_DEVICE_PFN_MIN;
        };
    }

    private static long alignUp(long pfn) {
        return (pfn + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }

    /// The lowest stretch of the type's numbers that no pagemap covers, or [Page#NONE].
    private long freeRangeLocked(PagemapRequest request) {
        long needed = alignUp(request.pageCount());
        long first = firstOf(request.type());
        @Nullable DevicePagemap[] index = pagemapsByPfn;
        for (long at = first; at - first < needed; at += ALIGNMENT) {
            if (at >= endOf(request.type())) {
                return Page.NONE;
            }
            int slot = (int) (at / ALIGNMENT);
            if (slot < index.length && index[slot] != null) {
                first = at + ALIGNMENT;
            }
        }
        return Page.ofDevicePfn(first);
    }

    /// Waits until none of the pages is in use and forgets them.
    void unregister(DevicePagemap pagemap) {
        pagemap.killAndAwaitDrained();
        hotplug.lock();
        pagemaps.remove(pagemap);
        indexLocked();
        physical.ifPresent(places -> places.remove(pagemap));
        hotplug.unlock();
    }

    private void indexLocked() {
        int slots = 0;
        for (DevicePagemap pagemap : pagemaps) {
            slots = Math.max(slots, lastSlot(pagemap) + 1);
        }
        @Nullable DevicePagemap[] index = new DevicePagemap[slots];
        for (DevicePagemap pagemap : pagemaps) {
            int first = (int) (pagemap.firstDevicePfn() / ALIGNMENT);
            Arrays.fill(index, first, lastSlot(pagemap) + 1, pagemap);
        }
        pagemapsByPfn = index;
    }

    private static int lastSlot(DevicePagemap pagemap) {
        return (int) ((pagemap.firstDevicePfn() + pagemap.pageCount() - 1) / ALIGNMENT);
    }

    /// The pagemap of any number of a device page; null if none covers it.
    @Nullable DevicePagemap lookup(long page) {
        @Nullable DevicePagemap[] index = pagemapsByPfn;
        long slot = Page.devicePfn(page) / ALIGNMENT;
        DevicePagemap pagemap = slot < index.length ? index[(int) slot] : null;
        return pagemap != null && pagemap.contains(page) ? pagemap : null;
    }

    DevicePagemap pagemap(long page) {
        DevicePagemap pagemap = pagemapsByPfn[(int) (Page.devicePfn(page) / ALIGNMENT)];
        assert pagemap != null : Page.describe(page) + " belongs to no pagemap";
        return pagemap;
    }

    // The physical address map, where device pages are in it.

    /// The pagemap that a PFN belongs to; null if none covers it.
    @Nullable DevicePagemap lookupPfn(long pfn) {
        hotplug.lock();
        try {
            return physical.isPresent() ? physical.get().lookup(pfn) : null;
        } finally {
            hotplug.unlock();
        }
    }

    @Nullable PhysicalRange range(long address) {
        hotplug.lock();
        try {
            return physical.isPresent() ? physical.get().map().lookup(address) : null;
        } finally {
            hotplug.unlock();
        }
    }

    MemRegion requestFreeMemRegion(long bytes, String name) {
        hotplug.lock();
        try {
            return places().map().requestFreeMemRegion(bytes, name);
        } finally {
            hotplug.unlock();
        }
    }

    void releaseMemRegion(PhysicalRange window) {
        hotplug.lock();
        try {
            places().map().release(window);
        } finally {
            hotplug.unlock();
        }
    }

    private PhysicalPlaces places() {
        return physical.orElseThrow(
                () -> new IllegalStateException("device pages have no physical addresses"));
    }

    List<DevicePagemap> all() {
        hotplug.lock();
        try {
            return List.copyOf(pagemaps);
        } finally {
            hotplug.unlock();
        }
    }
}
