package farpage.mm;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/// Event counters of the machine, by the kernel's names.
///
/// @kernel include/linux/vm_event_item.h, mm/vmstat.c
public final class VmStat {
    /// What is counted, in the order of `/proc/vmstat`.
    ///
    /// @kernel include/linux/vm_event_item.h: enum vm_event_item
    public enum Event {
        /// Pages read from swap.
        PSWPIN,
        /// Pages written to swap.
        PSWPOUT,
        /// Allocations that had to reclaim. All RAM is one zone.
        ALLOCSTALL_NORMAL,
        PGACTIVATE,
        PGDEACTIVATE,
        /// Pages marked by `MADV_FREE`.
        PGLAZYFREE,
        PGFAULT,
        /// Faults that had to read a page from swap.
        PGMAJFAULT,
        /// Pages marked so that reclaim dropped.
        PGLAZYFREED,
        /// Folios that reclaim freed by writing or dropping them.
        PGSTEAL_DIRECT,
        /// Folios that reclaim looked at.
        PGSCAN_DIRECT,
        PGSCAN_ANON,
        PGSCAN_FILE,
        PGSTEAL_ANON,
        PGSTEAL_FILE,
        /// Base pages that migrated, either way.
        PGMIGRATE_SUCCESS,
        /// Base pages that were collected and stayed.
        PGMIGRATE_FAIL,
        /// Pages read from swap once for each place that had the merged page.
        KSM_SWPIN_COPY,
        /// Merged pages that were copied for a store.
        COW_KSM
    }

    private final LongAdder[] counters = new LongAdder[Event.values().length];

    VmStat() {
        Arrays.setAll(counters, event -> new LongAdder());
    }

    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    private LongAdder counter(Event event) {
        return counters[event.ordinal()];
    }

    /// Counts events; none at all costs nothing.
    public void count(Event event, long amount) {
        if (amount != 0) {
            counter(event).add(amount);
        }
    }

    public long get(Event event) {
        return counter(event).sum();
    }

    /// As `/proc/vmstat` prints them.
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Event event : Event.values()) {
            text.append(event.name().toLowerCase(Locale.ROOT))
                    .append(' ')
                    .append(get(event))
                    .append('\n');
        }
        return text.toString();
    }
}
