package farpage.mm.ksm;

import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/// The pages of this pass that have not changed since the last one, by the checksum of their
/// contents. They are not write-protected, so a page may change while it is here; who finds one
/// compares again. It begins empty in each pass. Guarded by the lock of the passes.
///
/// @kernel mm/ksm.c: root_unstable_tree
final class UnstableTree {
    private final KsmCounters counters;
    private final TreeMap<Integer, List<RmapItem>> byChecksum = new TreeMap<>();
    private long sequence;

    UnstableTree(KsmCounters counters) {
        this.counters = counters;
    }

    /// A pass begins. Items of the last one stay counted until they are looked at again.
    void beginPass() {
        sequence++;
        byChecksum.clear();
    }

    /// The items whose pages had these contents.
    List<RmapItem> withChecksum(int checksum) {
        return List.copyOf(byChecksum.getOrDefault(checksum, List.of()));
    }

    void insert(RmapItem item) {
        assert !item.isUnstable();
        byChecksum.computeIfAbsent(item.checksum, sum -> new ArrayList<>()).add(item);
        item.unstableSequence = sequence;
        counters.pagesUnshared++;
    }

    /// Removes the item if it is here.
    void remove(RmapItem item) {
        if (!item.isUnstable()) {
            return;
        }
        if (item.unstableSequence == sequence) {
            List<RmapItem> items = byChecksum.get(item.checksum);
            assert items != null;
            boolean removed = items.remove(item);
            assert removed;
        }
        item.unstableSequence = RmapItem.NOT_UNSTABLE;
        counters.pagesUnshared--;
    }
}
