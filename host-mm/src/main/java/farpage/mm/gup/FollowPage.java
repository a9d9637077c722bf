package farpage.mm.gup;

import farpage.mm.Machine;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.reclaim.MarkAccessed;
import org.jspecify.annotations.Nullable;

/// Takes the reference or pin on the page of one entry, if the entry permits it as it is.
///
/// @kernel mm/gup.c: follow_page_pte
final class FollowPage {
    /// Answers in place of a page.
    static final long NEEDS_FAULT = -1;

    static final long NEEDS_UNSHARING = -2;
    static final long IMPOSSIBLE = -3;

    private FollowPage() {}

    static boolean isPage(long answer) {
        return answer >= 0;
    }

    /// Looks at the entry of an address of a VMA. The mmap lock is held.
    static long follow(Vma vma, long address, int flags) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null || !leaf.lockIfAlive()) {
            return hole(vma, flags);
        }
        try {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            if (PageTableEntry.isNone(entry)) {
                return hole(vma, flags);
            }
            if (!PageTableEntry.isPresent(entry)) {
                return NEEDS_FAULT;
            }
            Machine machine = vma.mm().machine();
            if ((flags & GupFlags.WRITE) != 0 && !canFollowWrite(machine, vma, entry, flags)) {
                return NEEDS_FAULT;
            }
            return take(machine, vma, entry, flags);
        } finally {
            leaf.unlock();
        }
    }

    /// The same without the mmap lock: whatever is not plain is left to the slow way.
    ///
    /// @kernel mm/gup.c: gup_fast_pte_range
    static long followFast(Machine machine, PageTableLeaf leaf, long address, int flags) {
        if (!leaf.lockIfAlive()) {
            return NEEDS_FAULT;
        }
        try {
            long entry = leaf.entryLocked(PageTableLeaf.slot(address));
            boolean permitted =
                    (flags & GupFlags.WRITE) != 0
                            ? PageTableEntry.isWritable(entry)
                            : PageTableEntry.isReadable(entry);
            if (!permitted || PageTableEntry.isSpecial(entry)) {
                return NEEDS_FAULT;
            }
            long page = PageTableEntry.page(entry);
            if ((flags & GupFlags.LONGTERM) != 0
                    && !(LongtermPins.isPinnable(page)
                            && LongtermPins.mayWrite(machine.folios(), page, flags))) {
                return NEEDS_FAULT;
            }
            return take(machine, null, entry, flags);
        } finally {
            leaf.unlock();
        }
    }

    /// A dump does not fill memory that was never touched.
    ///
    /// @kernel mm/gup.c: no_page_table
    private static long hole(Vma vma, int flags) {
        return (flags & GupFlags.DUMP) != 0 && vma.isAnonymous() ? IMPOSSIBLE : NEEDS_FAULT;
    }

    /// Whether the page may be written although, with FORCE, its entry does not say so: once the
    /// forced store has made the page the process's own.
    ///
    /// @kernel mm/gup.c: can_follow_write_pte
    private static boolean canFollowWrite(Machine machine, Vma vma, long entry, int flags) {
        if (PageTableEntry.isWritable(entry)) {
            return true;
        }
        boolean forced = (flags & GupFlags.FORCE) != 0 && vma.isCopyOnWrite() && !vma.isWritable();
        return forced
                && !PageTableEntry.isSpecial(entry)
                && !vma.isUffdWp(entry)
                && machine.folios().hasFlag(PageTableEntry.page(entry), FolioFlags.ANON_EXCLUSIVE);
    }

    private static long take(Machine machine, @Nullable Vma vma, long entry, int flags) {
        FolioTable folios = machine.folios();
        long page = PageTableEntry.page(entry);
        boolean zeroPage = machine.isZeroPage(page);
        if (PageTableEntry.isSpecial(entry) && !zeroPage) {
            return IMPOSSIBLE;
        }
        if (!PageTableEntry.isWritable(entry) && mustUnshare(folios, vma, page, flags)) {
            return NEEDS_UNSHARING;
        }
        if ((flags & GupFlags.PIN) == 0) {
            folios.get(page);
        } else if (!zeroPage) {
            folios.pin(page);
        }
        if (vma == null) {
            folios.setFlag(page, FolioFlags.REFERENCED);
        } else if ((flags & GupFlags.TOUCH) != 0 && !zeroPage) {
            touch(machine, entry, (flags & GupFlags.WRITE) != 0);
        }
        return page;
    }

    private static void touch(Machine machine, long entry, boolean write) {
        long page = PageTableEntry.page(entry);
        if (write && !PageTableEntry.isDirty(entry)) {
            machine.folios().setFlag(page, FolioFlags.DIRTY);
        }
        MarkAccessed.mark(machine, page);
    }

    /// Whether a pin for reading would see another page than the process after its next store. An
    /// anonymous page that is pinned must be exclusive; one that is not anonymous, where the
    /// process may write a copy of it, can not be read for long.
    ///
    /// @kernel include/linux/mm.h: gup_must_unshare
    private static boolean mustUnshare(FolioTable folios, @Nullable Vma vma, long page, int flags) {
        if ((flags & (GupFlags.WRITE | GupFlags.PIN)) != GupFlags.PIN) {
            return false;
        }
        if (folios.isAnonymous(page)) {
            return !folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE);
        }
        return (flags & GupFlags.LONGTERM) != 0 && (vma == null || vma.isCopyOnWrite());
    }

    /// What the flags ask of the VMA.
    ///
    /// @kernel mm/gup.c: check_vma_flags
    static boolean permits(Vma vma, int flags) {
        if ((vma.flags() & (VmFlags.IO | VmFlags.PFNMAP)) != 0
                || (flags & GupFlags.ANON) != 0 && !vma.isAnonymous()) {
            return false;
        }
        boolean force = (flags & GupFlags.FORCE) != 0;
        if ((flags & GupFlags.WRITE) != 0) {
            if (!LongtermPins.mayWrite(vma, flags)) {
                return false;
            }
            return vma.isWritable() || force && vma.isCopyOnWrite();
        }
        return vma.isReadable() || force;
    }
}
