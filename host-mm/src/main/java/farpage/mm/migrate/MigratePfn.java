package farpage.mm.migrate;

import farpage.mm.Page;

/// One word of the arrays that a migration works on; zero says skip.
///
/// ```
///  63  61 60  57 56                    6  5  4  3  2  1  0
/// | zero | order | page word             | P  C  W  S  M  V |
/// V valid: there is a page      M migrate: the page moves     W write: the mapping is writable
/// C compound: the word stands for a whole large folio of that order, and the words of the other
/// pages of it are SKIP
/// P mapped: only within *setup*, for a page that may still have to be unmapped elsewhere
/// S sole: for a page that its reverse map finds where it was collected
/// ```
///
/// In the source array M without V is a hole or a zero page that is to be filled.
///
/// The kernel's word has no order: there a compound word is one of PMD size.
///
/// @kernel include/linux/migrate.h: MIGRATE_PFN_*
public final class MigratePfn {
    public static final long SKIP = 0;

    private static final long VALID = 0x1;
    private static final long MIGRATE = 0x2;
    private static final long WRITE = 0x8;
    private static final long COMPOUND = 0x10;
    private static final long MAPPED = 0x20;
    private static final long SOLE = 0x4;
    private static final int PAGE_SHIFT = 6;
    private static final long PAGE_MASK = (1L << Page.BITS) - 1;
    private static final int ORDER_SHIFT = PAGE_SHIFT + Page.BITS;
    private static final long ORDER_MASK = 0xf;

    private MigratePfn() {}

    /// The word for a destination page.
    ///
    /// @kernel include/linux/migrate.h: migrate_pfn
    public static long ofPage(long page) {
        return page << PAGE_SHIFT | VALID;
    }

    /// The word for a destination folio.
    ///
    /// @param head of a large folio of that order; a base page if the order is 0
    public static long ofFolio(long head, int order) {
        return ofPage(head) | compound(order);
    }

    private static long compound(int order) {
        return order == 0 ? 0 : COMPOUND | (long) order << ORDER_SHIFT;
    }

    static long ofHole(int order) {
        return MIGRATE | compound(order);
    }

    static long ofSourceFolio(long head, int order, boolean writable) {
        return ofSource(head, writable) | compound(order);
    }

    static long ofSource(long page, boolean writable) {
        return ofPage(page) | MIGRATE | (writable ? WRITE : 0);
    }

    public static boolean hasPage(long word) {
        return (word & VALID) != 0;
    }

    /// The page of a word that has one, else [Page#NONE].
    ///
    /// @kernel include/linux/migrate.h: migrate_pfn_to_page
    public static long page(long word) {
        return hasPage(word) ? word >>> PAGE_SHIFT & PAGE_MASK : Page.NONE;
    }

    public static boolean isMigrating(long word) {
        return (word & MIGRATE) != 0;
    }

    /// Whether, after *pages*, the page of this source word has moved.
    public static boolean hasMigrated(long word) {
        return (word & (VALID | MIGRATE)) == (VALID | MIGRATE);
    }

    public static boolean isWritable(long word) {
        return (word & WRITE) != 0;
    }

    public static boolean isCompound(long word) {
        return (word & COMPOUND) != 0;
    }

    /// The order of the folio that the word stands for.
    public static int order(long word) {
        return (int) (word >>> ORDER_SHIFT & ORDER_MASK);
    }

    /// Words of the array from this one on that belong to it: the others of a large folio are
    /// empty.
    public static int pageCount(long word) {
        return 1 << order(word);
    }

    /// The destination word with the note that the device's mapping may be writable.
    public static long withWrite(long word) {
        return word | WRITE;
    }

    /// Whether a word says the same as another of the next page.
    public static boolean follows(long word, long before) {
        return word - before == 1L << PAGE_SHIFT;
    }

    static long withMapped(long word) {
        return word | MAPPED;
    }

    static boolean isMapped(long word) {
        return (word & MAPPED) != 0;
    }

    static long withoutMapped(long word) {
        return word & ~MAPPED;
    }

    /// The word without what only the migration itself has to know.
    static long ofDriver(long word) {
        return word & ~SOLE;
    }

    static long withSole(long word) {
        return word | SOLE;
    }

    /// Whether a base page has moved that can be mapped nowhere but where it was collected.
    static boolean isSoleBasePage(long word) {
        return (word & (VALID | MIGRATE | COMPOUND | SOLE)) == (VALID | MIGRATE | SOLE);
    }

    /// Whether a base page is to move.
    static boolean isBasePage(long word) {
        return (word & (VALID | MIGRATE | COMPOUND)) == (VALID | MIGRATE);
    }

    static long withoutMigrate(long word) {
        return word & ~MIGRATE;
    }

    public static String describe(long word) {
        if (word == SKIP) {
            return "skip";
        }
        return (hasPage(word) ? Page.describe(page(word)) : "hole")
                + (isMigrating(word) ? " migrate" : "")
                + (isWritable(word) ? " write" : "")
                + (isCompound(word) ? " compound order " + order(word) : "");
    }
}
