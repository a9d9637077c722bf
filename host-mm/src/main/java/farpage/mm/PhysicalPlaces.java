package farpage.mm;

import farpage.mm.physical.MemRegion;
import farpage.mm.physical.PhysicalAddressMap;
import farpage.mm.physical.PhysicalRange;
import farpage.mm.zonedevice.DevicePagemap;
import farpage.mm.zonedevice.MemoryType;
import farpage.mm.zonedevice.PagemapRequest;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Where the pagemaps of a machine are in its physical address map, under the lock of the registry.
///
/// @kernel kernel/resource.c, mm/memremap.c: get_dev_pagemap
final class PhysicalPlaces {
    private final PhysicalAddressMap map;
    private final TreeMap<Long, DevicePagemap> byPfn = new TreeMap<>();

    /// What was taken for a pagemap, and goes with it.
    private final IdentityHashMap<DevicePagemap, PhysicalRange> taken = new IdentityHashMap<>();

    PhysicalPlaces(PhysicalAddressMap map) {
        this.map = map;
    }

    PhysicalAddressMap map() {
        return map;
    }

    /// Takes a place: for device-private pages any hole, for coherent ones where the firmware put
    /// them, in the order of their device PFNs.
    MemRegion take(PagemapRequest request, long devicePfn) {
        long bytes = PageSize.pageAddress(request.pageCount());
        if (request.type() == MemoryType.PRIVATE) {
            return map.requestFreeMemRegion(bytes, "device-private memory");
        }
        long start =
                map.softReservedStart()
                        + PageSize.pageAddress(devicePfn - Page.COHERENT_DEVICE_PFN_MIN);
        PhysicalRange range =
                new PhysicalRange(
                        start,
                        start + bytes,
                        PhysicalRange.Kind.SOFT_RESERVED,
                        "device-coherent memory");
        Errno errno = map.insertFixed(range);
        return errno.isOk()
                ? new MemRegion.Found(range)
                : new MemRegion.Refused(
                        errno,
                        "no room for %s in a physical address map of %d bits, usable up to %#x"
                                .formatted(range, map.layout().addressBits(), map.usableEnd()));
    }

    /// @param own what was taken for it; null if it lies in a window of its driver's
    void add(DevicePagemap pagemap, @Nullable PhysicalRange own) {
        DevicePagemap before = byPfn.put(pagemap.firstPfn(), pagemap);
        Check.that(before == null, "two pagemaps begin at one pfn");
        if (own != null) {
            taken.put(pagemap, own);
        }
    }

    void remove(DevicePagemap pagemap) {
        byPfn.remove(pagemap.firstPfn());
        PhysicalRange own = taken.remove(pagemap);
        if (own != null) {
            map.release(own);
        }
    }

    @Nullable DevicePagemap lookup(long pfn) {
        Map.Entry<Long, DevicePagemap> below = byPfn.floorEntry(pfn);
        return below != null && pfn - below.getKey() < below.getValue().pageCount()
                ? below.getValue()
                : null;
    }
}
