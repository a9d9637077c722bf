package farpage.mm.ksm;

import farpage.mm.rmap.AnonVma;
import org.jspecify.annotations.Nullable;

/// What the merger remembers about one page of one process between two passes. Guarded by the lock
/// of the passes; its place in a [StableNode] also by the lock of that node's folio.
///
/// @kernel mm/ksm.c: struct ksm_rmap_item
final class RmapItem {
    /// It is in no unstable tree.
    static final long NOT_UNSTABLE = -1;

    private static final int AGE_MAX = 255;

    /// Below this age a page is looked at in every pass.
    private static final int AGE_SKIPPED_FROM = 3;

    final MmSlot slot;
    final long address;

    /// Of the contents when the page was last looked at.
    int checksum;

    /// The pass in which it was put into the unstable tree.
    long unstableSequence = NOT_UNSTABLE;

    /// The merged page that it maps, and how the reverse map finds the mapping.
    @Nullable StableNode stableNode;

    @Nullable AnonVma anonVma;
    long pageIndex;

    private int age;
    private int remainingSkips;

    RmapItem(MmSlot slot, long address) {
        this.slot = slot;
        this.address = address;
    }

    boolean isUnstable() {
        return unstableSequence != NOT_UNSTABLE;
    }

    /// Where the reverse map is to look for the page. Found under the process's mmap lock.
    void setMapping(AnonVma vmaAnonVma, long index) {
        anonVma = vmaAnonVma;
        pageIndex = index;
    }

    /// Counts a pass in which the page was a candidate; true if this pass leaves it out. Pages that
    /// found no equal for several passes are looked at less and less often.
    ///
    /// @kernel mm/ksm.c: should_skip_rmap_item
    boolean skipsPass() {
        int before = age;
        if (age < AGE_MAX) {
            age++;
        }
        if (before < AGE_SKIPPED_FROM) {
            return false;
        }
        if (remainingSkips == 0) {
            remainingSkips = skipsAtAge(before);
            return false;
        }
        remainingSkips--;
        return true;
    }

    /// @kernel mm/ksm.c: skip_age
    private static int skipsAtAge(int age) {
        if (age <= 3) {
            return 1;
        }
        if (age <= 5) {
            return 2;
        }
        return age <= 8 ? 4 : 8;
    }
}
