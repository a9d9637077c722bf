package farpage.mm.userfaultfd;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.swap.SwapEntry;

/// Puts pages where there are none by taking them from elsewhere in the process: the page itself
/// moves, with its contents. Only pages that the process alone owns can, and none that is on a
/// device that CPUs do not reach. A page of a large folio is split from it, unless a huge mapping
/// moves whole.
///
/// @kernel mm/userfaultfd.c: move_pages
final class MoveEntries {
    /// Mappings whose pages do not move.
    private static final int IMMOVABLE =
            VmFlags.IO | VmFlags.PFNMAP | VmFlags.MIXEDMAP | VmFlags.HUGETLB;

    /// How often one page is tried that others keep changing or locking.
    private static final int ATTEMPTS_MAX = 100_000;

    private final Userfaultfd userfaultfd;
    private final Mm mm;
    private final Machine machine;
    private final boolean allowHoles;

    /// @param allowHoles whether places of the source may be empty; so are then those of the target
    MoveEntries(Userfaultfd userfaultfd, boolean allowHoles) {
        this.userfaultfd = userfaultfd;
        this.mm = userfaultfd.mm();
        this.machine = mm.machine();
        this.allowHoles = allowHoles;
    }

    /// Moves pages from the start on, up to the first one that can not.
    ///
    /// @return as [Userfaultfd#move]
    UffdResult move(long target, long source, long length) {
        mm.lockRead();
        try {
            if (mm.isExited()) {
                return UffdResult.refused(Errno.ESRCH);
            }
            Vma to = mm.lookupVma(target);
            Vma from = mm.lookupVma(source);
            if (to == null || from == null) {
                return UffdResult.refused(Errno.ENOENT);
            }
            if (length > to.end() - target || length > from.end() - source || !agree(from, to)) {
                return UffdResult.refused(Errno.EINVAL);
            }
            AnonVma anonVma = mm.prepareAnonVma(to);
            long done = 0;
            Errno errno = Errno.OK;
            while (done < length && errno.isOk()) {
                MoveHugePmd huge = new MoveHugePmd(from, source + done, to, target + done, anonVma);
                errno = huge.move(length - done);
                if (errno.isOk() && huge.moved()) {
                    done += PageSize.PMD_SIZE;
                } else if (errno.isOk()) {
                    errno = movePage(to, target + done, anonVma, source + done);
                    done += errno.isOk() ? PageSize.PAGE_SIZE : 0;
                }
            }
            return new UffdResult(done > 0 && !errno.isOk() ? Errno.EAGAIN : errno, done);
        } finally {
            mm.unlockRead();
        }
    }

    /// @kernel mm/userfaultfd.c: validate_move_areas
    @SuppressWarnings("ReferenceEquality") // a context is known by identity
    private boolean agree(Vma from, Vma to) {
        int equal = VmFlags.ACCESS | VmFlags.LOCKED;
        return ((from.flags() ^ to.flags()) & equal) == 0
                && from.isWritable()
                && (from.flags() & IMMOVABLE) == 0
                && (to.flags() & IMMOVABLE) == 0
                && to.userfaultfd() == userfaultfd
                && from.isAnonymous()
                && to.isAnonymous();
    }

    /// One page, again and again while somebody else has it locked or changes its entry.
    private Errno movePage(Vma to, long target, AnonVma anonVma, long source) {
        PageTableLeaf newLeaf = mm.pageTable().leafOrNew(target);
        PageTableLeaf oldLeaf = mm.pageTable().leafOrNew(source);
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            if (!PageTableEntry.isNone(newLeaf.entryAcquire(PageTableLeaf.slot(target)))) {
                return Errno.EEXIST;
            }
            long entry = oldLeaf.entryAcquire(PageTableLeaf.slot(source));
            switch (PageTableEntry.shape(entry)) {
                case NONE -> {
                    return allowHoles ? Errno.OK : Errno.ENOENT;
                }
                case MIGRATION -> machine.folios().waitUnlocked(PageTableEntry.page(entry));
                case PRESENT, SWAP -> {
                    Errno errno =
                            isPartOfLarge(entry)
                                    ? splitFolio(oldLeaf, PageTableLeaf.slot(source), entry)
                                    : movePage(
                                            to, target, newLeaf, anonVma, source, oldLeaf, entry);
                    if (errno != Errno.EAGAIN) {
                        return errno;
                    }
                }
                case DEVICE_PRIVATE, DEVICE_EXCLUSIVE, HWPOISON, MARKER -> {
                    return Errno.EFAULT;
                }
            }
        }
        return Errno.EAGAIN;
    }

    private boolean isPartOfLarge(long entry) {
        return PageTableEntry.isPresent(entry)
                && !PageTableEntry.isSpecial(entry)
                && machine.folios().isLarge(PageTableEntry.page(entry));
    }

    /// A page of a large folio is split from it before it moves.
    ///
    /// @return EAGAIN: look again; EBUSY as for a page that moves
    private Errno splitFolio(PageTableLeaf leaf, int slot, long entry) {
        FolioTable folios = machine.folios();
        long page = PageTableEntry.page(entry);
        Errno errno = ownership(entry);
        if (!errno.isOk() || !folios.tryGet(page)) {
            return errno.isOk() ? Errno.EAGAIN : errno;
        }
        // Only tried: who waits for the lock holds a reference, for which a split is refused.
        if (folios.tryLock(page)) {
            if (leaf.entryAcquire(slot) == entry && folios.isLarge(page)) {
                boolean _ = new SplitFolio(machine).split(page, 0);
            }
            folios.unlock(page);
        }
        machine.put(page);
        return Errno.EAGAIN;
    }

    /// Holds the folio, if there is one, and tells the mirrors, while the entry moves.
    ///
    /// @return EAGAIN: look again
    private Errno movePage(
            Vma to,
            long target,
            PageTableLeaf newLeaf,
            AnonVma anonVma,
            long source,
            PageTableLeaf oldLeaf,
            long entry) {
        FolioTable folios = machine.folios();
        long folio = folio(entry);
        if (folio != Page.NONE) {
            folios.lock(folio);
        }
        boolean started =
                mm.notifiers()
                        .start(
                                MmuNotifierRange.of(
                                        MmuNotifierRange.Event.CLEAR,
                                        source,
                                        source + PageSize.PAGE_SIZE));
        assert started;
        lockBoth(newLeaf, oldLeaf, target < source);
        Errno errno = Errno.EAGAIN;
        if (oldLeaf.entryLocked(PageTableLeaf.slot(source)) == entry
                && PageTableEntry.isNone(newLeaf.entryLocked(PageTableLeaf.slot(target)))) {
            errno = ownership(entry);
            if (errno.isOk()) {
                oldLeaf.setEntryLocked(PageTableLeaf.slot(source), PageTableEntry.NONE);
                if (folio != Page.NONE && folios.mapping(folio) instanceof AnonVma) {
                    folios.setMapping(folio, anonVma, to.pageIndex(target));
                }
                newLeaf.setEntryLocked(PageTableLeaf.slot(target), moved(entry));
            }
        }
        newLeaf.unlock();
        if (oldLeaf != newLeaf) {
            oldLeaf.unlock();
        }
        mm.notifiers().end();
        if (folio != Page.NONE) {
            folios.unlock(folio);
            machine.put(folio);
        }
        return errno;
    }

    /// The folio behind an entry, with a reference: of a swap entry the one that stands for its
    /// slot.
    private long folio(long entry) {
        if (PageTableEntry.isSwap(entry)) {
            return machine.swap().getCached(SwapEntry.ofPageTableEntry(entry));
        }
        long page = PageTableEntry.page(entry);
        boolean counted = !PageTableEntry.isSpecial(entry);
        return counted && machine.folios().tryGet(page) ? page : Page.NONE;
    }

    /// Two leaves of one process are taken in the order of their addresses.
    ///
    /// @kernel mm/userfaultfd.c: double_pt_lock
    static void lockBoth(PageTableLeaf one, PageTableLeaf two, boolean inOrder) {
        PageTableLeaf first = inOrder ? one : two;
        PageTableLeaf second = inOrder ? two : one;
        first.lock();
        if (second != first) {
            second.lockNested();
        }
    }

    /// EBUSY for a page that others may map, or use without the page table.
    private Errno ownership(long entry) {
        if (PageTableEntry.isSwap(entry)) {
            return PageTableEntry.isExclusiveSwap(entry) ? Errno.OK : Errno.EBUSY;
        }
        if (PageTableEntry.isSpecial(entry)) {
            return Errno.OK;
        }
        FolioTable folios = machine.folios();
        long page = PageTableEntry.page(entry);
        boolean alone =
                folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE) && !folios.isMaybePinned(page);
        return alone ? Errno.OK : Errno.EBUSY;
    }

    /// As a page that was just stored to, as after `mremap`.
    private static long moved(long entry) {
        if (PageTableEntry.isSwap(entry)) {
            return PageTableEntry.withSoftDirty(PageTableEntry.withoutUffdWp(entry));
        }
        long page = PageTableEntry.page(entry);
        return PageTableEntry.isSpecial(entry)
                ? PageTableEntry.ofSpecial(page)
                : PageTableEntry.withStore(PageTableEntry.ofPage(page, true));
    }
}
