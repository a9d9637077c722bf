package farpage.emulator.replay;

import farpage.emulator.trace.KernelOperation;
import farpage.mm.PageSize;
import java.util.HashMap;
import java.util.Map;

/// Where the named regions of a trace lie: each has 1 GiB from a multiple of 1 GiB, with as much
/// room between two, so that different regions never touch.
///
/// @kernel mmap(2): MAP_FIXED
final class RegionSlots {
    private static final long FIRST = 1L << 36;
    private static final long STRIDE = 2L << 30;

    private final Map<String, Long> bases = new HashMap<>();

    /// The address of a page; the region gets its place at the first use of its name.
    long address(String region, int page) {
        assert page <= KernelOperation.REGION_PAGES;
        Long base = bases.get(region);
        if (base == null) {
            base = FIRST + bases.size() * STRIDE;
            bases.put(region, base);
        }
        return base + PageSize.pageAddress(page);
    }
}
