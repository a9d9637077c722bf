package farpage.mm.hugetlb;

import java.util.BitSet;

/// The huge pages that a mapping has reserved and not used yet, by their place in it. The parts
/// that the mapping is cut into share it; a forked child has none. The pool's lock guards it.
///
/// @kernel mm/hugetlb.c: struct resv_map
public final class HugetlbReservation {
    private final long firstIndex;
    private final BitSet pages = new BitSet();

    /// @param firstIndex of the first huge page of the mapping
    HugetlbReservation(long firstIndex, int count) {
        this.firstIndex = firstIndex;
        pages.set(0, count);
    }

    /// Uses one up; false if it is not reserved.
    boolean take(long index) {
        int page = (int) (index - firstIndex);
        boolean reserved = pages.get(page);
        pages.clear(page);
        return reserved;
    }

    void add(long index) {
        pages.set((int) (index - firstIndex));
    }

    /// Gives up those of a range.
    ///
    /// @return how many there were
    int remove(long index, long count) {
        int start = (int) (index - firstIndex);
        int before = pages.cardinality();
        pages.clear(start, start + (int) count);
        return before - pages.cardinality();
    }

    /// How many there are; for checks too, while nothing happens.
    public int count() {
        return pages.cardinality();
    }
}
