package farpage.mm.hugememory;

import farpage.mm.PageSize;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;

/// What happened to large folios and huge mappings, by the kernel's names: the events of
/// `/proc/vmstat`, and for each size those of `hugepages-SIZEkB/stats`.
///
/// @kernel include/linux/vm_event_item.h: THP_*; include/linux/huge_mm.h: enum mthp_stat_item
public final class HugePageCounters {
    /// Events that concern folios of 2 MiB, in the order of `/proc/vmstat`, where each is called
    /// `thp_` and its name.
    ///
    /// @kernel include/linux/vm_event_item.h: THP_*
    public enum Event {
        MIGRATION_SUCCESS,
        MIGRATION_FAIL,
        MIGRATION_SPLIT,
        FAULT_ALLOC,
        FAULT_FALLBACK,
        FAULT_FALLBACK_CHARGE,
        COLLAPSE_ALLOC,
        COLLAPSE_ALLOC_FAILED,
        SPLIT_PAGE,
        SPLIT_PAGE_FAILED,
        DEFERRED_SPLIT_PAGE,
        SPLIT_PMD,
        ZERO_PAGE_ALLOC,
        ZERO_PAGE_ALLOC_FAILED,
        SWPOUT_FALLBACK
    }

    /// What is counted for each size. The names are those of the files in `stats`.
    ///
    /// @kernel include/linux/huge_mm.h: enum mthp_stat_item
    public enum SizeEvent {
        ANON_FAULT_ALLOC,
        ANON_FAULT_FALLBACK,
        ANON_FAULT_FALLBACK_CHARGE,
        SPLIT,
        SPLIT_FAILED,
        SPLIT_DEFERRED,
        SWPOUT_FALLBACK
    }

    private final Map<Event, LongAdder> events = new EnumMap<>(Event.class);
    private final Map<SizeEvent, AtomicLongArray> sizes = new EnumMap<>(SizeEvent.class);

    HugePageCounters() {
        for (Event event : Event.values()) {
            events.put(event, new LongAdder());
        }
        for (SizeEvent event : SizeEvent.values()) {
            sizes.put(event, new AtomicLongArray(PageSize.HPAGE_PMD_ORDER + 1));
        }
    }

    public void count(Event event) {
        adder(event).increment();
    }

    public long get(Event event) {
        return adder(event).sum();
    }

    private LongAdder adder(Event event) {
        LongAdder adder = events.get(event);
        assert adder != null;
        return adder;
    }

    /// A fault did not get a folio of an order.
    void countFallback(int order) {
        count(SizeEvent.ANON_FAULT_FALLBACK, order, 1);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            count(Event.FAULT_FALLBACK);
        }
    }

    /// It did not get it because of the limit of a cgroup.
    void countFallbackCharge(int order) {
        count(SizeEvent.ANON_FAULT_FALLBACK_CHARGE, order, 1);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            count(Event.FAULT_FALLBACK_CHARGE);
        }
    }

    /// Counts for one size.
    ///
    /// @kernel include/linux/huge_mm.h: mod_mthp_stat
    public void count(SizeEvent event, int order, int delta) {
        array(event).getAndAdd(order, delta);
    }

    public long get(SizeEvent event, int order) {
        return array(event).get(order);
    }

    private AtomicLongArray array(SizeEvent event) {
        AtomicLongArray array = sizes.get(event);
        assert array != null;
        return array;
    }

    /// As the lines of `/proc/vmstat`.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Event event : Event.values()) {
            text.append("thp_")
                    .append(event.name().toLowerCase(Locale.ROOT))
                    .append(' ')
                    .append(get(event))
                    .append('\n');
        }
        return text.toString();
    }
}
