package farpage.mm.khugepaged;

import farpage.mm.PageSize;

/// How far 2 MiB may be from being full, present and used by their process alone to be collapsed.
///
/// @param sparing whether the limits count, and some page must have been used lately: for a
///   collapse that nobody asked for
/// @param maxPtesNone pages that were never touched, or were only read
/// @param maxPtesSwap pages that must be brought in
/// @param maxPtesShared pages that others map too
/// @kernel mm/khugepaged.c: struct collapse_control, khugepaged_max_ptes_none, _swap, _shared
public record CollapseLimits(boolean sparing, int maxPtesNone, int maxPtesSwap, int maxPtesShared) {
    private static final int ALL = PageSize.ENTRIES_PER_TABLE;

    /// For a collapse that the process asked for.
    static final CollapseLimits FORCED = new CollapseLimits(false, ALL, ALL, ALL);

    /// What a kernel starts with.
    public static final CollapseLimits DEFAULT =
            new CollapseLimits(true, ALL - 1, ALL / 8, ALL / 2);

    /// Checks that no limit is beyond the pages of a table.
    public CollapseLimits {
        requirePages("maxPtesNone", maxPtesNone);
        requirePages("maxPtesSwap", maxPtesSwap);
        requirePages("maxPtesShared", maxPtesShared);
    }

    private static void requirePages(String what, int value) {
        if (value < 0 || value > ALL) {
            throw new IllegalArgumentException(what + ": value=" + value + ", limit=0 to " + ALL);
        }
    }
}
