package farpage.mm.numa;

import java.util.Arrays;
import java.util.Locale;
import java.util.concurrent.atomic.LongAdder;

/// Counters of what happens between the nodes, by the kernel's names. Nothing is counted on a
/// machine with one node.
///
/// @kernel include/linux/mmzone.h: enum numa_stat_item, enum node_stat_item
public final class NumaStat {
    /// What is counted.
    ///
    /// @kernel mm/vmstat.c: vmstat_text
    public enum Event {
        /// Pages that were wanted on another node.
        NUMA_MISS,
        /// Pages that were wanted here and came from another node.
        NUMA_FOREIGN,
        /// Entries that a scan made inaccessible.
        NUMA_PTE_UPDATES,
        /// Faults on such entries.
        NUMA_HINT_FAULTS,
        /// Those of them whose page lay where the CPU is.
        NUMA_HINT_FAULTS_LOCAL,
        /// Pages that such a fault moved.
        NUMA_PAGES_MIGRATED,
        /// Pages that reclaim moved to the next tier.
        PGDEMOTE_DIRECT,
        /// Pages that came back to the top tier.
        PGPROMOTE_SUCCESS
    }

    private final LongAdder[][] counters;

    NumaStat(int nodeCount) {
        counters = new LongAdder[nodeCount][Event.values().length];
        for (LongAdder[] ofNode : counters) {
            Arrays.setAll(ofNode, event -> new LongAdder());
        }
    }

    @SuppressWarnings("EnumOrdinal") // an index that nothing keeps
    private LongAdder counter(int node, Event event) {
        return counters[node][event.ordinal()];
    }

    /// Counts events of a node.
    public void count(int node, Event event, long amount) {
        counter(node, event).add(amount);
    }

    /// Events of one node.
    public long get(int node, Event event) {
        return counter(node, event).sum();
    }

    /// Events of all nodes.
    public long get(Event event) {
        long sum = 0;
        for (int node = 0; node < counters.length; node++) {
            sum += get(node, event);
        }
        return sum;
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
