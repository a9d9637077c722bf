package farpage.mm.pagetable;

import farpage.mm.Page;

/// One entry of a page table. Zero is NONE. With PRESENT clear and the word not zero it is a
/// swap-type entry, and the type says what the page word means.
///
/// ```
///  63                      13 12      8  7  6  5  4  3  2  1  0
/// | page word               | swap type | PN SP UW SD D  Y  W  P |
/// P present, W write, Y young, D dirty, SD soft-dirty, UW uffd-wp, SP special, PN protnone
/// ```
///
/// W, Y and D are bits of present entries; Y and D also travel in migration entries, so that they
/// survive the move. Whether a swap-type entry stands for a writable mapping is said by its type;
/// in a swap entry W says that the process alone owns the page. In a marker the page word holds the
/// marks, in a swap entry the offset. No method reads memory.
///
/// @kernel include/linux/swapops.h, leafops.h; include/linux/swap.h: SWP_* types
public final class PageTableEntry {
    public static final long NONE = 0;

    public static final int TYPE_HWPOISON = 24;
    public static final int TYPE_MIGRATION_READ = 25;
    public static final int TYPE_MIGRATION_READ_EXCLUSIVE = 26;
    public static final int TYPE_MIGRATION_WRITE = 27;
    public static final int TYPE_DEVICE_WRITE = 28;
    public static final int TYPE_DEVICE_READ = 29;
    public static final int TYPE_DEVICE_EXCLUSIVE = 30;
    public static final int TYPE_MARKER = 31;

    /// A marker for pages to be written through userfaultfd.
    public static final int MARK_UFFD_WP = 0x1;

    /// A marker where contents were lost.
    public static final int MARK_POISONED = 0x2;

    /// A marker that no access may cross.
    public static final int MARK_GUARD = 0x4;

    private static final long PRESENT = 0x1;
    private static final long WRITE = 0x2;
    private static final long YOUNG = 0x4;
    private static final long DIRTY = 0x8;
    private static final long SOFT_DIRTY = 0x10;
    private static final long UFFD_WP = 0x20;
    private static final long SPECIAL = 0x40;
    private static final long PROTNONE = 0x80;
    private static final int TYPE_SHIFT = 8;
    private static final long TYPE_MASK = 0x1f;
    private static final int PAGE_SHIFT = 13;

    /// What a swap-type entry keeps of the entry that it replaces, besides young and dirty.
    private static final long CARRIED = SOFT_DIRTY | UFFD_WP;

    /// The kinds of entry, for a `switch` that must cover them all. Not for loops over entries.
    public enum Shape {
        NONE,
        PRESENT,
        SWAP,
        MIGRATION,
        DEVICE_PRIVATE,
        DEVICE_EXCLUSIVE,
        HWPOISON,
        MARKER
    }

    private PageTableEntry() {}

    // Build.

    /// A present entry: old, clean, read-only or writable.
    public static long ofPage(long page, boolean writable) {
        return page << PAGE_SHIFT | PRESENT | (writable ? WRITE : 0);
    }

    /// A present entry with no folio behind it that mappings are counted on: the zero page.
    public static long ofSpecial(long page) {
        return page << PAGE_SHIFT | PRESENT | SPECIAL;
    }

    /// The entry that stands for a page in migration.
    ///
    /// @param replaced the entry it replaces, present or device-private
    /// @param writable whether that was a writable mapping
    /// @param exclusive whether the page was exclusive to the process
    public static long ofMigration(long replaced, boolean writable, boolean exclusive) {
        int type = TYPE_MIGRATION_READ;
        if (writable) {
            type = TYPE_MIGRATION_WRITE;
        } else if (exclusive) {
            type = TYPE_MIGRATION_READ_EXCLUSIVE;
        }
        long kept = replaced & CARRIED;
        if (isPresent(replaced)) {
            kept |= replaced & (YOUNG | DIRTY);
        }
        return ofType(page(replaced), type) | kept;
    }

    /// The device-private entry that ends a migration.
    ///
    /// @param migration the migration entry it replaces, or NONE for a filled hole
    public static long ofDevicePrivate(long devicePage, boolean writable, long migration) {
        assert Page.isDevicePrivate(devicePage);
        int type = writable ? TYPE_DEVICE_WRITE : TYPE_DEVICE_READ;
        return ofType(devicePage, type) | migration & CARRIED;
    }

    /// The present entry that ends a migration: old unless the migration entry was young.
    ///
    /// @param dirty whether the folio is: then the migration entry's dirty bit counts
    public static long ofMigrated(long page, long migration, boolean writable, boolean dirty) {
        long entry = ofPage(page, writable) | migration & (CARRIED | YOUNG);
        if (isWritableMigration(migration)) {
            entry &= ~UFFD_WP; // somebody has resolved it
        }
        return dirty && (migration & DIRTY) != 0 ? withDirty(entry) : entry;
    }

    /// A swap entry. The offset takes the place of the page word.
    ///
    /// @param area the number of the swap area, below [#TYPE_HWPOISON]
    /// @param exclusive whether the process alone owns the page that lies there
    public static long ofSwap(int area, long offset, boolean exclusive) {
        assert area >= 0;
        assert area < TYPE_HWPOISON;
        assert offset > 0 || area > 0 : "area 0 begins with its header, at offset 0";
        return ofType(offset, area) | (exclusive ? WRITE : 0);
    }

    /// The swap entry for a mapping that is given up: soft-dirty and uffd-wp stay.
    ///
    /// @param replaced the present or device-exclusive entry it replaces
    public static long ofSwappedOut(int area, long offset, boolean exclusive, long replaced) {
        return ofSwap(area, offset, exclusive) | replaced & CARRIED;
    }

    /// The present entry that takes a swap entry's place.
    public static long ofSwappedIn(long page, boolean writable, long swap) {
        assert isSwap(swap);
        return ofPage(page, writable) | YOUNG | swap & CARRIED;
    }

    /// The entry that takes a system page away from the CPU for a device's exclusive use.
    ///
    /// @param replaced the present entry it replaces
    public static long ofDeviceExclusive(long replaced) {
        assert isPresent(replaced);
        return ofType(page(replaced), TYPE_DEVICE_EXCLUSIVE) | replaced & CARRIED;
    }

    /// The present entry that a device-exclusive one becomes again: old, clean and read-only.
    public static long ofRestored(long exclusive) {
        assert isDeviceExclusive(exclusive);
        return ofPage(page(exclusive), false) | exclusive & CARRIED;
    }

    /// The entry that stands for broken memory.
    public static long ofHwPoison(long page) {
        return ofType(page, TYPE_HWPOISON);
    }

    /// An entry that only says something about the place.
    ///
    /// @param marks of [#MARK_UFFD_WP], [#MARK_POISONED], [#MARK_GUARD]
    public static long ofMarker(int marks) {
        assert marks != 0;
        return ofType(marks, TYPE_MARKER);
    }

    private static long ofType(long page, int type) {
        return page << PAGE_SHIFT | (long) type << TYPE_SHIFT;
    }

    // Ask.

    public static boolean isNone(long entry) {
        return entry == NONE;
    }

    public static boolean isPresent(long entry) {
        return (entry & PRESENT) != 0;
    }

    /// Present, and permits a store.
    public static boolean isWritable(long entry) {
        return (entry & (PRESENT | WRITE)) == (PRESENT | WRITE);
    }

    /// The zero page, or another mapping without a counted folio.
    public static boolean isSpecial(long entry) {
        return (entry & (PRESENT | SPECIAL)) == (PRESENT | SPECIAL);
    }

    /// Present, but out of reach of the CPU, because the VMA permits no access.
    public static boolean isProtNone(long entry) {
        return (entry & (PRESENT | PROTNONE)) == (PRESENT | PROTNONE);
    }

    /// Present, and permits a load.
    public static boolean isReadable(long entry) {
        return (entry & (PRESENT | PROTNONE)) == PRESENT;
    }

    public static boolean isYoung(long entry) {
        return (entry & YOUNG) != 0;
    }

    public static boolean isDirty(long entry) {
        return (entry & DIRTY) != 0;
    }

    public static boolean isMigration(long entry) {
        int type = type(entry);
        return !isPresent(entry) && type >= TYPE_MIGRATION_READ && type <= TYPE_MIGRATION_WRITE;
    }

    public static boolean isWritableMigration(long entry) {
        return !isPresent(entry) && type(entry) == TYPE_MIGRATION_WRITE;
    }

    /// A migration entry of the plain read type: the page is not exclusive.
    public static boolean isSharedMigration(long entry) {
        return !isPresent(entry) && type(entry) == TYPE_MIGRATION_READ;
    }

    public static boolean isDevicePrivate(long entry) {
        int type = type(entry);
        return !isPresent(entry) && (type == TYPE_DEVICE_WRITE || type == TYPE_DEVICE_READ);
    }

    public static boolean isWritableDevicePrivate(long entry) {
        return !isPresent(entry) && type(entry) == TYPE_DEVICE_WRITE;
    }

    public static boolean isDeviceExclusive(long entry) {
        return !isPresent(entry) && type(entry) == TYPE_DEVICE_EXCLUSIVE;
    }

    public static boolean isSwap(long entry) {
        return entry != NONE && !isPresent(entry) && type(entry) < TYPE_HWPOISON;
    }

    /// A swap entry of a page that the process alone owns.
    public static boolean isExclusiveSwap(long entry) {
        return isSwap(entry) && (entry & WRITE) != 0;
    }

    /// Where in its area the page of a swap entry lies, in pages.
    public static long swapOffset(long entry) {
        assert isSwap(entry);
        return page(entry);
    }

    public static boolean isHwPoison(long entry) {
        return !isPresent(entry) && type(entry) == TYPE_HWPOISON;
    }

    public static boolean isMarker(long entry) {
        return !isPresent(entry) && type(entry) == TYPE_MARKER;
    }

    /// Whether the contents of the place are lost: the memory broke, or they could not be read.
    public static boolean isPoison(long entry) {
        return isHwPoison(entry) || isMarker(entry) && (marks(entry) & MARK_POISONED) != 0;
    }

    /// The marks of a marker.
    public static int marks(long entry) {
        assert isMarker(entry);
        return (int) page(entry);
    }

    public static boolean isSoftDirty(long entry) {
        return (entry & SOFT_DIRTY) != 0;
    }

    /// Whether a store must be reported to userfaultfd first.
    public static boolean isUffdWp(long entry) {
        return (entry & UFFD_WP) != 0;
    }

    /// Whether the entry names a page, be it present, in migration or on a device.
    public static boolean hasPage(long entry) {
        return isPresent(entry) || type(entry) >= TYPE_HWPOISON && type(entry) < TYPE_MARKER;
    }

    public static long page(long entry) {
        return entry >>> PAGE_SHIFT;
    }

    /// The same entry for the page that lies `pages` after this one's.
    public static long following(long entry, int pages) {
        assert hasPage(entry);
        return entry + ((long) pages << PAGE_SHIFT);
    }

    /// Whether two present entries map the same page in the same way, but for what accesses and
    /// their permission leave in an entry: write, young, dirty, soft-dirty.
    ///
    /// @kernel mm/internal.h: __pte_batch_clear_ignored
    public static boolean isSameMapping(long entry, long other) {
        return ((entry ^ other) & ~(WRITE | YOUNG | DIRTY | SOFT_DIRTY)) == 0;
    }

    /// The swap type; 0 for a present entry and for NONE.
    public static int type(long entry) {
        return (int) (entry >>> TYPE_SHIFT & TYPE_MASK);
    }

    public static Shape shape(long entry) {
        if (entry == NONE) {
            return Shape.NONE;
        }
        if (isPresent(entry)) {
            return Shape.PRESENT;
        }
        return switch (type(entry)) {
            case TYPE_HWPOISON -> Shape.HWPOISON;
            case TYPE_MIGRATION_READ, TYPE_MIGRATION_READ_EXCLUSIVE, TYPE_MIGRATION_WRITE ->
                    Shape.MIGRATION;
            case TYPE_DEVICE_WRITE, TYPE_DEVICE_READ -> Shape.DEVICE_PRIVATE;
            case TYPE_DEVICE_EXCLUSIVE -> Shape.DEVICE_EXCLUSIVE;
            case TYPE_MARKER -> Shape.MARKER;
            default -> Shape.SWAP;
        };
    }

    // Change.

    /// As the hardware marks an entry that it used.
    public static long withAccess(long entry, boolean write) {
        assert isPresent(entry);
        return entry | YOUNG | (write ? DIRTY : 0);
    }

    /// As a fault marks the entry that a store is about to use. Only a fault makes an entry
    /// soft-dirty; the hardware does not know that bit.
    ///
    /// @kernel arch/x86/include/asm/pgtable.h: pte_mkdirty
    public static long withStore(long entry) {
        assert isPresent(entry);
        return entry | YOUNG | DIRTY | SOFT_DIRTY;
    }

    public static long withWrite(long entry) {
        assert isPresent(entry);
        return entry | WRITE;
    }

    public static long withoutWrite(long entry) {
        return entry & ~WRITE;
    }

    public static long withProtNone(long entry, boolean protNone) {
        assert isPresent(entry);
        return protNone ? entry & ~WRITE | PROTNONE : entry & ~PROTNONE;
    }

    public static long withoutYoung(long entry) {
        return entry & ~YOUNG;
    }

    /// Soft-dirty too, which a CPU's store does not make it.
    ///
    /// @kernel arch/x86/include/asm/pgtable.h: pte_mkdirty
    public static long withDirty(long entry) {
        assert isPresent(entry);
        return entry | DIRTY | SOFT_DIRTY;
    }

    public static long withoutDirty(long entry) {
        return entry & ~DIRTY;
    }

    /// As a store or a move marks an entry of any shape but NONE.
    public static long withSoftDirty(long entry) {
        assert entry != NONE;
        return entry | SOFT_DIRTY;
    }

    public static long withoutSoftDirty(long entry) {
        return entry & ~SOFT_DIRTY;
    }

    public static long withUffdWp(long entry) {
        assert entry != NONE;
        return isPresent(entry) ? entry & ~WRITE | UFFD_WP : entry | UFFD_WP;
    }

    public static long withoutUffdWp(long entry) {
        return entry & ~UFFD_WP;
    }

    /// A swap entry of a page that others may own too.
    public static long asSharedSwap(long entry) {
        assert isSwap(entry);
        return entry & ~WRITE;
    }

    /// The read type of a writable device-private entry. The soft-dirty bit is lost on the way, as
    /// it is in the kernel; uffd-wp stays.
    public static long asReadDevicePrivate(long entry) {
        assert isWritableDevicePrivate(entry);
        return ofType(page(entry), TYPE_DEVICE_READ) | entry & UFFD_WP;
    }

    /// The same migration entry with another type.
    public static long asMigrationType(long entry, int type) {
        assert isMigration(entry);
        assert type >= TYPE_MIGRATION_READ;
        assert type <= TYPE_MIGRATION_WRITE;
        return entry & ~(TYPE_MASK << TYPE_SHIFT) | (long) type << TYPE_SHIFT;
    }

    public static String describe(long entry) {
        Shape shape = shape(entry);
        if (shape == Shape.NONE) {
            return "none";
        }
        StringBuilder text = new StringBuilder(shape.name());
        if (shape == Shape.PRESENT) {
            text.append((entry & WRITE) != 0 ? " rw" : " r");
            text.append((entry & YOUNG) != 0 ? " young" : "");
            text.append((entry & DIRTY) != 0 ? " dirty" : "");
            text.append((entry & SPECIAL) != 0 ? " special" : "");
        } else {
            text.append(" type ").append(type(entry));
        }
        return hasPage(entry) ? text + " " + Page.describe(page(entry)) : text.toString();
    }
}
