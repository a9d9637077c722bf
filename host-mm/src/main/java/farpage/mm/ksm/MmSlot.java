package farpage.mm.ksm;

import farpage.mm.Mm;
import java.util.Collection;
import java.util.NavigableMap;
import java.util.TreeMap;

/// A process that advised merging, with an item for each of its pages that a pass has met, in
/// address order.
///
/// @kernel mm/ksm.c: struct ksm_mm_slot
final class MmSlot {
    private final Mm mm;
    private final TreeMap<Long, RmapItem> items = new TreeMap<>();

    MmSlot(Mm mm) {
        this.mm = mm;
    }

    Mm mm() {
        return mm;
    }

    RmapItem itemOrNew(long address) {
        return items.computeIfAbsent(address, at -> new RmapItem(this, at));
    }

    /// The items of `[start, end)`, whose removal from this view removes them.
    NavigableMap<Long, RmapItem> items(long start, long end) {
        return items.subMap(start, true, end, false);
    }

    Collection<RmapItem> allItems() {
        return items.values();
    }

    int itemCount() {
        return items.size();
    }
}
