package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;

/// The words of `/proc/kpageflags` and `/proc/kpagecount`. By page both know online system pages
/// only: of a device page, or a number that no page has, they say 0. By PFN they reach whatever has
/// one.
///
/// @kernel fs/proc/page.c: stable_page_flags, kpage_read; include/uapi/linux/kernel-page-flags.h
public final class KpageFlags {
    public static final long LOCKED = 1;
    public static final long REFERENCED = 1L << 2;
    public static final long UPTODATE = 1L << 3;
    public static final long DIRTY = 1L << 4;
    public static final long LRU = 1L << 5;
    public static final long ACTIVE = 1L << 6;
    public static final long WRITEBACK = 1L << 8;
    public static final long RECLAIM = 1L << 9;
    public static final long BUDDY = 1L << 10;
    public static final long MMAP = 1L << 11;
    public static final long ANON = 1L << 12;
    public static final long SWAPCACHE = 1L << 13;
    public static final long SWAPBACKED = 1L << 14;
    public static final long COMPOUND_HEAD = 1L << 15;
    public static final long COMPOUND_TAIL = 1L << 16;

    /// Part of a folio of the pool of huge pages.
    public static final long HUGE = 1L << 17;

    public static final long UNEVICTABLE = 1L << 18;
    public static final long HWPOISON = 1L << 19;
    public static final long KSM = 1L << 21;

    /// Part of a large folio, of whatever size, or of the huge zero page.
    public static final long THP = 1L << 22;

    public static final long ZERO_PAGE = 1L << 24;
    public static final long IDLE = 1L << 25;
    public static final long MLOCKED = 1L << 33;
    public static final long RESERVED = 1L << 32;

    private static final int[] FOLIO_FLAGS = {
        FolioFlags.LOCKED,
        FolioFlags.REFERENCED,
        FolioFlags.UPTODATE,
        FolioFlags.DIRTY,
        FolioFlags.LRU,
        FolioFlags.ACTIVE,
        FolioFlags.WRITEBACK,
        FolioFlags.RECLAIM,
        FolioFlags.SWAPCACHE,
        FolioFlags.SWAPBACKED,
        FolioFlags.UNEVICTABLE,
        FolioFlags.HWPOISON,
        FolioFlags.KSM,
        FolioFlags.IDLE,
        FolioFlags.MLOCKED,
        FolioFlags.RESERVED,
    };

    private static final long[] WORD_BITS = {
        LOCKED,
        REFERENCED,
        UPTODATE,
        DIRTY,
        LRU,
        ACTIVE,
        WRITEBACK,
        RECLAIM,
        SWAPCACHE,
        SWAPBACKED,
        UNEVICTABLE,
        HWPOISON,
        KSM,
        IDLE,
        MLOCKED,
        RESERVED,
    };

    private KpageFlags() {}

    /// The flags of a page.
    public static long flags(Machine machine, long page) {
        if (!isOnline(machine, page)) {
            return 0;
        }
        if (machine.ram().isFree(page) || !machine.folios().isKnown(page)) {
            return BUDDY;
        }
        return known(machine, page);
    }

    private static long known(Machine machine, long page) {
        int flags = machine.folios().flags(page);
        long word = compound(machine.folios(), page);
        for (int i = 0; i < FOLIO_FLAGS.length; i++) {
            word |= (flags & FOLIO_FLAGS[i]) != 0 ? WORD_BITS[i] : 0;
        }
        word |= machine.folios().mapCount(page) > 0 ? MMAP : 0;
        word |= MappedPage.isAnonymous(machine, page) ? ANON : 0;
        return machine.isZeroPage(page) ? word | ZERO_PAGE : word;
    }

    /// The flags of the page that a PFN names; 0 if it names none. A device's page has them only
    /// where it has a PFN at all: Linux 7.0 stops at pages that are not online, and here it can be
    /// seen what a walk by PFN comes by.
    ///
    /// @kernel fs/proc/page.c: kpageflags_read
    public static long flagsOfPfn(Machine machine, long pfn) {
        long page = machine.pfns().page(pfn);
        if (page == Page.NONE) {
            return 0;
        }
        if (!Page.isDevice(page)) {
            return flags(machine, page);
        }
        return machine.folios().isKnown(page) ? known(machine, page) : RESERVED;
    }

    /// How often the page that a PFN names is mapped; 0 if it names none.
    ///
    /// @kernel fs/proc/page.c: kpagecount_read
    public static long countOfPfn(Machine machine, long pfn) {
        long page = machine.pfns().page(pfn);
        return page != Page.NONE && machine.folios().isKnown(page)
                ? machine.folios().pageMapCount(page)
                : 0;
    }

    private static long compound(FolioTable folios, long page) {
        if (!folios.isLarge(page)) {
            return 0;
        }
        long kind = folios.hasFlag(page, FolioFlags.HUGETLB) ? HUGE : THP;
        return kind | (page == folios.head(page) ? COMPOUND_HEAD : COMPOUND_TAIL);
    }

    /// How often a page is mapped, by itself or as a part of its whole folio.
    public static long count(Machine machine, long page) {
        return isOnline(machine, page) && machine.folios().isKnown(page)
                ? machine.folios().pageMapCount(page)
                : 0;
    }

    private static boolean isOnline(Machine machine, long page) {
        return page != Page.NONE
                && !Page.isDevice(page)
                && Page.pfn(page) < machine.ram().pageCount();
    }
}
