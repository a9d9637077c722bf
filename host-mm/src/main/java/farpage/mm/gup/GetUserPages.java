package farpage.mm.gup;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;

/// Gets and pins the pages behind addresses of a process, and lets go of them.
///
/// The caller's array is filled from its beginning, one page word for each page from the start
/// address on, in so far as the result counts them. A page got is let go of by [Machine#put], one
/// pinned by [#unpin].
///
/// @kernel mm/gup.c
public final class GetUserPages {
    private GetUserPages() {}

    /// Takes a plain reference to each page. The mmap lock is held for reading and stays so.
    ///
    /// @param flags of [GupFlags]
    /// @return EFAULT for an address that can not be accessed in the way asked for, ENOMEM,
    ///   EHWPOISON for broken memory if that is to be told
    /// @kernel mm/gup.c: get_user_pages
    public static GupResult get(Mm mm, long start, int count, int flags, long[] pages) {
        assert mm.isLocked();
        int got = flags | GupFlags.GET | GupFlags.TOUCH;
        return new GupWalk(mm, start, count, got, pages).walkLocked();
    }

    /// Pins each page; the rest as for [#get].
    ///
    /// @return as for [#get]; with LONGTERM also EBUSY and ENOMEM where a page that may not stay
    ///   where it is could not be moved: then none is pinned
    /// @kernel mm/gup.c: pin_user_pages
    public static GupResult pin(Mm mm, long start, int count, int flags, long[] pages) {
        assert mm.isLocked();
        return new GupWalk(mm, start, count, flags | GupFlags.PIN, pages).walkLocked();
    }

    /// As [#get], but takes the mmap lock itself, and lets a fault handler that has to wait for
    /// somebody else give it up.
    ///
    /// @kernel mm/gup.c: get_user_pages_unlocked
    public static GupResult getUnlocked(Mm mm, long start, int count, int flags, long[] pages) {
        int got = flags | GupFlags.GET | GupFlags.TOUCH;
        return new GupWalk(mm, start, count, got, pages).walkUnlocked();
    }

    /// As [#pin], but takes the mmap lock itself.
    ///
    /// @kernel mm/gup.c: pin_user_pages_unlocked
    public static GupResult pinUnlocked(Mm mm, long start, int count, int flags, long[] pages) {
        int got = flags | GupFlags.PIN | GupFlags.TOUCH;
        return new GupWalk(mm, start, count, got, pages).walkUnlocked();
    }

    /// As [#getUnlocked], but first without the mmap lock: pages that are mapped as they must be
    /// need no more than a look at their entries. A page on a device ends that way at once.
    ///
    /// @kernel mm/gup.c: get_user_pages_fast
    public static GupResult getFast(Mm mm, long start, int count, int flags, long[] pages) {
        return fast(mm, start, count, flags | GupFlags.GET, pages);
    }

    /// As [#pinUnlocked], but first without the mmap lock.
    ///
    /// @kernel mm/gup.c: pin_user_pages_fast
    public static GupResult pinFast(Mm mm, long start, int count, int flags, long[] pages) {
        return fast(mm, start, count, flags | GupFlags.PIN, pages);
    }

    private static GupResult fast(Mm mm, long start, int count, int flags, long[] pages) {
        GupWalk walk = new GupWalk(mm, start, count, flags | GupFlags.TOUCH, pages);
        walk.walkFast();
        return (flags & GupFlags.FAST_ONLY) != 0 ? walk.result() : walk.walkUnlocked();
    }

    /// Lets go of pinned pages.
    ///
    /// @param dirty whether they were written: their contents must then not be lost
    /// @kernel mm/gup.c: unpin_user_pages_dirty_lock
    public static void unpin(Machine machine, long[] pages, int count, boolean dirty) {
        FolioTable folios = machine.folios();
        for (int i = 0; i < count; i++) {
            if (dirty && !machine.isZeroPage(pages[i])) {
                folios.setFlag(pages[i], FolioFlags.DIRTY);
            }
            unpin(machine, pages[i]);
        }
    }

    /// The zero page is never pinned: it does not go away.
    static void unpin(Machine machine, long page) {
        if (!machine.isZeroPage(page)) {
            machine.unpin(page);
        }
    }
}
