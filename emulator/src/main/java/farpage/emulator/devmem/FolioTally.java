package farpage.emulator.devmem;

import farpage.mm.memory.FolioOrders;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.LongAdder;

/// Counts folios by order, from any thread.
///
/// @kernel mm/huge_memory.c: count_mthp_stat
final class FolioTally {
    private final LongAdder[] allocated = adders();
    private final LongAdder[] fallback = adders();
    private final LongAdder[] freed = adders();
    private final LongAdder[] split = adders();

    private static LongAdder[] adders() {
        LongAdder[] adders = new LongAdder[FolioOrders.MAX_ORDER + 1];
        for (int order = 0; order < adders.length; order++) {
            adders[order] = new LongAdder();
        }
        return adders;
    }

    void countAllocated(int order, int folios) {
        allocated[order].add(folios);
    }

    void countFallback(int order, int folios) {
        fallback[order].add(folios);
    }

    void countFreed(int order, int folios) {
        freed[order].add(folios);
    }

    void countSplit(int order) {
        split[order].add(1);
    }

    long allocatedPages() {
        return pages(allocated);
    }

    long freedPages() {
        return pages(freed);
    }

    private static long pages(LongAdder[] folios) {
        long pages = 0;
        for (int order = 0; order < folios.length; order++) {
            pages += folios[order].sum() << order;
        }
        return pages;
    }

    void reset() {
        for (int order = 0; order < allocated.length; order++) {
            allocated[order].reset();
            fallback[order].reset();
            freed[order].reset();
            split[order].reset();
        }
    }

    /// By order.
    List<DeviceFolioCounters> counters() {
        List<DeviceFolioCounters> counters = new ArrayList<>();
        for (int order = 0; order < allocated.length; order++) {
            counters.add(
                    new DeviceFolioCounters(
                            order,
                            allocated[order].sum(),
                            fallback[order].sum(),
                            freed[order].sum(),
                            split[order].sum()));
        }
        return List.copyOf(counters);
    }
}
