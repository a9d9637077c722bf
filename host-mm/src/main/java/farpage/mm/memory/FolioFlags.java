package farpage.mm.memory;

/// The flag word of a page: state bits, and the order of the folio that it belongs to.
///
/// ```
///  31  27 26               21  20  19  16 15                0
/// | zero | marks of the system | T | order | marks of any page |
/// T tail: the page lies inside a large folio of that order, and only the bits of single pages are
/// its own; the others are the head's
/// ```
///
/// @kernel include/linux/page-flags.h
public final class FolioFlags {
    public static final int LOCKED = 0x1;

    /// Somebody waits for the folio lock.
    public static final int WAITERS = 0x2;

    public static final int UPTODATE = 0x4;
    public static final int DIRTY = 0x8;
    public static final int REFERENCED = 0x10;
    public static final int ACTIVE = 0x20;
    public static final int LRU = 0x200000;
    public static final int SWAPBACKED = 0x40;
    public static final int RESERVED = 0x400000;
    public static final int WORKINGSET = 0x80;
    public static final int UNEVICTABLE = 0x100;
    public static final int YOUNG = 0x200;
    public static final int IDLE = 0x400;

    /// Exactly one process maps the page and may write it without a copy. Per page, not per folio.
    public static final int ANON_EXCLUSIVE = 0x800;

    /// The folio has a swap slot that its contents can be found by.
    public static final int SWAPCACHE = 0x800000;

    /// Its contents are on the way to its file or swap slot.
    public static final int WRITEBACK = 0x1000000;

    /// Contents shared by same-page merging; never exclusive, never writable.
    public static final int KSM = 0x1000;

    /// The memory is broken.
    public static final int HWPOISON = 0x2000;

    /// Locked in memory: counted as unevictable.
    public static final int MLOCKED = 0x4000;

    /// Somebody wants it written back or freed soon.
    public static final int RECLAIM = 0x2000000;

    /// Some pages of the large folio are mapped no more, while others are.
    public static final int PARTIALLY_MAPPED = 0x8000;

    /// A page of the pool of huge pages, free or not.
    public static final int HUGETLB = 0x4000000;

    /// Marks of a single page, also where it is part of a large folio.
    public static final int PER_PAGE = ANON_EXCLUSIVE | HWPOISON;

    /// What a migration carries from the source folio to the destination.
    static final int MIGRATED =
            UPTODATE
                    | DIRTY
                    | REFERENCED
                    | ACTIVE
                    | SWAPBACKED
                    | WORKINGSET
                    | UNEVICTABLE
                    | YOUNG
                    | IDLE
                    | KSM
                    | MLOCKED;

    /// All there are.
    static final int ALL = 0x7ffffff;

    /// What a device-private page can have: no list of the system's has it, and no file or swap
    /// slot.
    static final int DEVICE = 0x1fffff;

    /// What only the pages of a large folio have.
    static final int LARGE = 0x1f0000;

    private static final int ORDER_SHIFT = 16;
    private static final int ORDER_MASK = 0xf;
    private static final int TAIL = 0x100000;

    private FolioFlags() {}

    static int order(int flags) {
        return (flags >>> ORDER_SHIFT) & ORDER_MASK;
    }

    static boolean isTail(int flags) {
        return (flags & TAIL) != 0;
    }

    static int ofTail(int order) {
        return TAIL | ofOrder(order);
    }

    static int withOrder(int flags, int order) {
        return flags & ~(ORDER_MASK << ORDER_SHIFT) | ofOrder(order);
    }

    static int ofOrder(int order) {
        assert order >= 0;
        assert order <= ORDER_MASK;
        return order << ORDER_SHIFT;
    }

    /// For people: the names of the set bits.
    public static String describe(int flags) {
        StringBuilder text = new StringBuilder();
        append(text, flags, LOCKED, "locked");
        append(text, flags, UPTODATE, "uptodate");
        append(text, flags, DIRTY, "dirty");
        append(text, flags, REFERENCED, "referenced");
        append(text, flags, ACTIVE, "active");
        append(text, flags, LRU, "lru");
        append(text, flags, SWAPBACKED, "swapbacked");
        append(text, flags, RESERVED, "reserved");
        append(text, flags, WORKINGSET, "workingset");
        append(text, flags, UNEVICTABLE, "unevictable");
        append(text, flags, YOUNG, "young");
        append(text, flags, IDLE, "idle");
        append(text, flags, ANON_EXCLUSIVE, "anon_exclusive");
        append(text, flags, SWAPCACHE, "swapcache");
        append(text, flags, WRITEBACK, "writeback");
        append(text, flags, KSM, "ksm");
        append(text, flags, HWPOISON, "hwpoison");
        append(text, flags, MLOCKED, "mlocked");
        append(text, flags, RECLAIM, "reclaim");
        append(text, flags, PARTIALLY_MAPPED, "partially_mapped");
        append(text, flags, HUGETLB, "hugetlb");
        return text.toString();
    }

    private static void append(StringBuilder text, int flags, int flag, String name) {
        if ((flags & flag) != 0) {
            text.append(text.isEmpty() ? "" : "|").append(name);
        }
    }
}
