package farpage.mm;

import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioTable;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.DevicePrivateOps;
import farpage.mm.zonedevice.MemoryType;
import farpage.mm.zonedevice.PagemapRegistration;
import farpage.mm.zonedevice.PagemapRequest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
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

    PagemapRegistry(FolioTable folios, long ramPageCount) {
        this.folios = folios;
        this.ramPageCount = ramPageCount;
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
            DevicePagemap pagemap = new DevicePagemap(request, folios, Page.devicePfn(first));
            pagemaps.add(pagemap);
            indexLocked();
            return new PagemapRegistration.Registered(pagemap);
        } finally {
            hotplug.unlock();
        }
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
            case FS_DAX, GENERIC, PCI_P2PDMA -> false;
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
        return type == MemoryType.COHERENT ? Page.COHERENT_DEVICE_PFN_MIN : 0;
    }

    private static long endOf(MemoryType type) {
        return type == MemoryType.COHERENT
                ? Page.COHERENT_DEVICE_PFN_MAX + 1
                : Page.COHERENT_DEVICE_PFN_MIN;
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

    List<DevicePagemap> all() {
        hotplug.lock();
        try {
            return List.copyOf(pagemaps);
        } finally {
            hotplug.unlock();
        }
    }
}
