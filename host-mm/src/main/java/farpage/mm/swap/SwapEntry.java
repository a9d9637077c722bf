package farpage.mm.swap;

import farpage.mm.pagetable.PageTableEntry;

/// Names one slot: the number of its area and the offset in it, in pages. It is what a page table's
/// swap entry says without the bits that belong to the mapping.
///
/// ```
///  63 62    58 57                                      0
/// | 0 | area  | offset                                  |
/// ```
///
/// @kernel include/linux/mm_types.h: swp_entry_t
public final class SwapEntry {
    /// No slot: slot 0 of each area is its header.
    public static final long NONE = 0;

    private static final int AREA_SHIFT = 58;
    private static final long OFFSET_MASK = (1L << AREA_SHIFT) - 1;

    private SwapEntry() {}

    public static long of(int area, long offset) {
        assert area >= 0;
        assert area < SwapSpace.AREA_COUNT_MAX;
        assert offset > 0;
        assert offset <= OFFSET_MASK;
        return (long) area << AREA_SHIFT | offset;
    }

    /// What a swap entry of a page table names.
    ///
    /// @kernel include/linux/leafops.h: softleaf_from_pte
    public static long ofPageTableEntry(long entry) {
        return of(PageTableEntry.type(entry), PageTableEntry.swapOffset(entry));
    }

    /// The number of the area.
    ///
    /// @kernel include/linux/swapops.h: swp_type
    public static int area(long entry) {
        return (int) (entry >>> AREA_SHIFT);
    }

    /// The number of the slot within its area.
    ///
    /// @kernel include/linux/swapops.h: swp_offset
    public static int offset(long entry) {
        return (int) (entry & OFFSET_MASK);
    }

    public static String describe(long entry) {
        return "swap area " + area(entry) + " slot " + offset(entry);
    }
}
