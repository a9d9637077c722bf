package farpage.mm.migrate;

import farpage.mm.Page;

/// One word of the arrays that a migration works on; zero says skip.
///
/// ```
///  63         57 56                    6  5  4  3  2  1  0
/// | zero        | page word             | -  C  W  -  M  V |
/// V valid: there is a page      M migrate: the page moves     W write: the mapping is writable
/// C compound: the word stands for a whole PMD-size folio
/// ```
///
/// In the source array M without V is a hole or a zero page that is to be filled.
///
/// @kernel include/linux/migrate.h: MIGRATE_PFN_*
public final class MigratePfn {
    public static final long SKIP = 0;

    private static final long VALID = 0x1;
    private static final long MIGRATE = 0x2;
    private static final long WRITE = 0x8;
    private static final long COMPOUND = 0x10;
    private static final int PAGE_SHIFT = 6;

    private MigratePfn() {}

    /// The word for a destination page.
    ///
    /// @kernel include/linux/migrate.h: migrate_pfn
    public static long ofPage(long page) {
        return page << PAGE_SHIFT | VALID;
    }

    static long ofHole() {
        return MIGRATE;
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
        return hasPage(word) ? word >>> PAGE_SHIFT : Page.NONE;
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

    /// The destination word with the note that the device's mapping may be writable.
    public static long withWrite(long word) {
        return word | WRITE;
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
                + (isCompound(word) ? " compound" : "");
    }
}
