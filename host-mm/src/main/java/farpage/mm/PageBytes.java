package farpage.mm;

import farpage.mm.memory.HostMemory;
import farpage.mm.zonedevice.CpuMapping;
import farpage.mm.zonedevice.DevicePagemap;
import java.lang.foreign.MemorySegment;

/// The bytes of every page that a CPU can reach, in RAM or on a device. All that the memory manager
/// and the processes' CPUs load and store goes through here; only a device's own copies do not.
///
/// Who calls sees to it that the page stays: by its reference, its lock or that of the leaf that
/// maps it. No access crosses a page's end.
///
/// @kernel include/linux/highmem.h: kmap_local_page, copy_mc_user_highpage
public final class PageBytes {
    private final HostMemory memory;
    private final MemorySegment ram;
    private final PagemapRegistry pagemaps;

    PageBytes(HostMemory memory, PagemapRegistry pagemaps) {
        this.memory = memory;
        this.ram = memory.segment();
        this.pagemaps = pagemaps;
    }

    /// Loads bytes of a page, from an offset in it.
    ///
    /// @return false if the memory of a device failed
    public boolean load(long page, long offset, MemorySegment to, long toOffset, long length) {
        assert offset + length <= PageSize.PAGE_SIZE;
        if (!Page.isDevice(page)) {
            MemorySegment.copy(ram, HostMemory.offset(page) + offset, to, toOffset, length);
            return true;
        }
        DevicePagemap pagemap = pagemaps.pagemap(page);
        return switch (pagemap.cpuMapping()) {
            case CpuMapping.InPlace(MemorySegment device) -> {
                long from = PageSize.pageAddress(pagemap.index(page)) + offset;
                MemorySegment.copy(device, from, to, toOffset, length);
                yield true;
            }
            case CpuMapping.ThroughDriver driver -> driver.load(page, offset, to, toOffset, length);
        };
    }

    /// Stores bytes to a page, from an offset in it.
    ///
    /// @return false if the memory of a device failed
    public boolean store(long page, long offset, MemorySegment from, long fromOffset, long length) {
        assert offset + length <= PageSize.PAGE_SIZE;
        if (!Page.isDevice(page)) {
            MemorySegment.copy(from, fromOffset, ram, HostMemory.offset(page) + offset, length);
            return true;
        }
        DevicePagemap pagemap = pagemaps.pagemap(page);
        return switch (pagemap.cpuMapping()) {
            case CpuMapping.InPlace(MemorySegment device) -> {
                long to = PageSize.pageAddress(pagemap.index(page)) + offset;
                MemorySegment.copy(from, fromOffset, device, to, length);
                yield true;
            }
            case CpuMapping.ThroughDriver driver ->
                    driver.store(page, offset, from, fromOffset, length);
        };
    }

    /// Copies a whole page to a system page.
    ///
    /// @return false if the memory of a device failed; the destination holds anything then
    /// @kernel mm/memory.c: __wp_page_copy_user
    public boolean copyToSystem(long from, long to) {
        if (!Page.isDevice(from)) {
            memory.copy(from, to);
            return true;
        }
        return load(from, 0, ram, HostMemory.offset(to), PageSize.PAGE_SIZE);
    }
}
