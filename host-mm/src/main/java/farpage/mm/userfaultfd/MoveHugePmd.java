package farpage.mm.userfaultfd;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.hugememory.SplitPmd;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;

/// One step of a move, where the source may be mapped hugely: the huge mapping moves whole if all
/// of it is meant and nothing is at its new place, not even a table; else it is cut.
///
/// @kernel mm/huge_memory.c: move_pages_huge_pmd
final class MoveHugePmd {
    /// How often a mapping is tried that others keep changing.
    private static final int ATTEMPTS_MAX = 100_000;

    private final Mm mm;
    private final Machine machine;
    private final FolioTable folios;
    private final Vma from;
    private final long source;
    private final PageTableLeaf oldLeaf;
    private final Vma to;
    private final long target;
    private final PageTableLeaf newLeaf;
    private final AnonVma anonVma;
    private boolean moved;

    MoveHugePmd(Vma from, long source, Vma to, long target, AnonVma anonVma) {
        this.mm = from.mm();
        this.machine = mm.machine();
        this.folios = machine.folios();
        this.from = from;
        this.source = source;
        this.oldLeaf = mm.pageTable().leafOrNew(source);
        this.to = to;
        this.target = target;
        this.newLeaf = mm.pageTable().leafOrNew(target);
        this.anonVma = anonVma;
    }

    /// Whether 2 MiB were moved. If not, the source is mapped page by page now.
    boolean moved() {
        return moved;
    }

    /// Moves or cuts the mapping, if it is a huge one.
    ///
    /// @param length what is to be moved from the source on
    /// @return OK; EEXIST if the target is mapped hugely; EBUSY for a folio that others may map, or
    ///   use without the page table; ENOENT for one on a device; EAGAIN if others keep changing it
    Errno move(long length) {
        boolean whole =
                PageSize.alignDownPmd(source | target) == (source | target)
                        && length >= PageSize.PMD_SIZE;
        for (int attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
            long word = oldLeaf.pmdAcquire();
            if (PageTableEntry.isNone(word)) {
                return Errno.OK;
            }
            if (newLeaf.isHugeAcquire()) {
                return Errno.EEXIST;
            }
            if (PageTableEntry.isPresent(word) && !isExclusive(word)) {
                return Errno.EBUSY;
            }
            if (!whole || !newLeaf.isEmptyAcquire()) {
                SplitPmd.split(from, source);
            } else if (PageTableEntry.isMigration(word)) {
                folios.waitUnlocked(PageTableEntry.page(word));
            } else if (!PageTableEntry.isPresent(word)) {
                return Errno.ENOENT;
            } else {
                Errno errno = moveWhole(word);
                if (errno != Errno.EAGAIN) {
                    return errno;
                }
            }
        }
        return Errno.EAGAIN;
    }

    private boolean isExclusive(long word) {
        return PageTableEntry.isSpecial(word)
                || folios.hasFlag(PageTableEntry.page(word), FolioFlags.ANON_EXCLUSIVE);
    }

    /// Holds the folio and tells the mirrors while the mapping moves.
    ///
    /// @return EAGAIN: look again
    private Errno moveWhole(long word) {
        long page = PageTableEntry.isSpecial(word) ? Page.NONE : PageTableEntry.page(word);
        if (page != Page.NONE) {
            if (!folios.tryGet(page)) {
                return Errno.EAGAIN;
            }
            folios.lock(page);
        }
        long end = source + PageSize.PMD_SIZE;
        MmuNotifierRange range = MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, source, end);
        boolean started = mm.notifiers().start(range);
        assert started;
        MoveEntries.lockBoth(newLeaf, oldLeaf, target < source);
        Errno errno = Errno.EAGAIN;
        if (oldLeaf.pmdLocked() == word && newLeaf.isEmptyLocked()) {
            boolean free = page == Page.NONE || isExclusive(word) && !folios.isMaybePinned(page);
            errno = free ? Errno.OK : Errno.EBUSY;
            if (free) {
                moveLocked(word, page);
            }
        }
        newLeaf.unlock();
        oldLeaf.unlock();
        mm.notifiers().end();
        if (page != Page.NONE) {
            folios.unlock(page);
            machine.put(page);
        }
        return errno;
    }

    /// The new mapping is that of a folio that was just stored to, as after `mremap`.
    private void moveLocked(long word, long page) {
        oldLeaf.setPmdLocked(PageTableEntry.NONE);
        if (page == Page.NONE) {
            newLeaf.setPmdLocked(PageTableEntry.withSoftDirty(PageTableEntry.withoutUffdWp(word)));
        } else {
            folios.setMapping(page, anonVma, to.pageIndex(target));
            newLeaf.setPmdLocked(PageTableEntry.withStore(PageTableEntry.ofPage(page, true)));
        }
        moved = true;
    }
}
