package farpage.mm.gup;

import farpage.mm.Machine;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.hugememory.SplitPmd;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.reclaim.MarkAccessed;
import org.jspecify.annotations.Nullable;

/// Takes the reference or pin on one page of what is mapped at an address, if the entry permits it
/// as it is. Of a huge mapping the head says whether the folio is exclusive.
///
/// @kernel mm/gup.c: follow_page_pte, follow_huge_pmd
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
            if (!leaf.isHugeLocked()) {
                return followEntry(vma, leaf, address, flags);
            }
            boolean splits = (flags & GupFlags.SPLIT_PMD) != 0 && !vma.isHugetlb();
            if (!splits || !PageTableEntry.isPresent(leaf.pmdLocked())) {
                return followHuge(vma, leaf, address, flags);
            }
        } finally {
            leaf.unlock();
        }
        SplitPmd.split(vma, address);
        return follow(vma, address, flags);
    }

    private static long followEntry(Vma vma, PageTableLeaf leaf, long address, int flags) {
        long entry = leaf.entryLocked(PageTableLeaf.slot(address));
        if (PageTableEntry.isNone(entry)) {
            return hole(vma, flags);
        }
        if (!PageTableEntry.isPresent(entry)) {
            return NEEDS_FAULT;
        }
        Machine machine = vma.mm().machine();
        long page = PageTableEntry.page(entry);
        if ((flags & GupFlags.WRITE) != 0 && !canFollowWrite(machine, vma, entry, page, flags)) {
            return NEEDS_FAULT;
        }
        long answer = take(machine, vma, entry, page, flags);
        if (isPage(answer) && (flags & GupFlags.TOUCH) != 0 && !machine.isZeroPage(page)) {
            touch(machine, entry, (flags & GupFlags.WRITE) != 0);
        }
        return answer;
    }

    /// That it was read is not noted in a huge mapping, as x86 has it.
    ///
    /// @kernel mm/gup.c: follow_pmd_mask, follow_huge_pmd, touch_pmd
    private static long followHuge(Vma vma, PageTableLeaf leaf, long address, int flags) {
        long word = leaf.pmdLocked();
        if (!PageTableEntry.isPresent(word)) {
            return hole(vma, flags);
        }
        Machine machine = vma.mm().machine();
        long head = PageTableEntry.page(word);
        boolean write = (flags & GupFlags.WRITE) != 0;
        if (write && !canFollowWrite(machine, vma, word, head, flags)) {
            return NEEDS_FAULT;
        }
        if ((flags & GupFlags.DUMP) != 0 && PageTableEntry.isSpecial(word)) {
            return IMPOSSIBLE;
        }
        long entry = leaf.entryLocked(PageTableLeaf.slot(address));
        long answer = take(machine, vma, entry, head, flags);
        if (isPage(answer) && write && (flags & GupFlags.TOUCH) != 0) {
            leaf.setPmdLocked(PageTableEntry.withStore(word));
        }
        return answer;
    }

    /// The same without the mmap lock: whatever is not plain is left to the slow way.
    ///
    /// @kernel mm/gup.c: gup_fast_pte_range, gup_fast_pmd_leaf
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
            long owner = leaf.isHugeLocked() ? machine.folios().head(page) : page;
            if ((flags & GupFlags.LONGTERM) != 0
                    && !(LongtermPins.isPinnable(page)
                            && LongtermPins.mayWrite(machine.folios(), page, flags))) {
                return NEEDS_FAULT;
            }
            long answer = take(machine, null, entry, owner, flags);
            if (isPage(answer)) {
                machine.folios().setFlag(page, FolioFlags.REFERENCED);
            }
            return answer;
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
    /// @kernel mm/gup.c: can_follow_write_pte, can_follow_write_pmd
    private static boolean canFollowWrite(
            Machine machine, Vma vma, long entry, long owner, int flags) {
        if (PageTableEntry.isWritable(entry)) {
            return true;
        }
        boolean forced = (flags & GupFlags.FORCE) != 0 && vma.isCopyOnWrite() && !vma.isWritable();
        return forced
                && !PageTableEntry.isSpecial(entry)
                && !vma.isUffdWp(entry)
                && machine.folios().hasFlag(owner, FolioFlags.ANON_EXCLUSIVE);
    }

    /// @param owner the page that says whether what is mapped is exclusive
    private static long take(
            Machine machine, @Nullable Vma vma, long entry, long owner, int flags) {
        FolioTable folios = machine.folios();
        long page = PageTableEntry.page(entry);
        boolean zeroPage = machine.isZeroPage(page);
        if (PageTableEntry.isSpecial(entry) && !zeroPage) {
            return IMPOSSIBLE;
        }
        if (!PageTableEntry.isWritable(entry) && mustUnshare(folios, vma, owner, flags)) {
            return NEEDS_UNSHARING;
        }
        if ((flags & GupFlags.PIN) == 0) {
            folios.get(page);
        } else if (!zeroPage) {
            folios.pin(page);
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
