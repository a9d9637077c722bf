package farpage.mm;

import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Guards: markers in the page table at which every access ends in SIGSEGV, without a VMA of their
/// own. They outlast `MADV_DONTNEED` and are copied by `fork`.
///
/// @kernel mm/madvise.c: madvise_guard_install, madvise_guard_remove
final class GuardRegions {
    private static final int NEVER = VmFlags.SPECIAL | VmFlags.HUGETLB;

    private GuardRegions() {}

    /// What was mapped in the range goes. The mmap lock is held for writing, so that no fault comes
    /// in between.
    static Errno install(Vma vma, long start, long end) {
        if ((vma.flags() & (NEVER | VmFlags.LOCKED)) != 0) {
            return Errno.EINVAL;
        }
        vma.setFlags(vma.flags() | VmFlags.MAYBE_GUARD);
        Zap.unmap(vma, start, end, MmuNotifierRange.Event.CLEAR);
        PageTable pageTable = vma.mm().pageTable();
        long guard = PageTableEntry.ofMarker(PageTableEntry.MARK_GUARD);
        for (long at = start; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = pageTable.leafOrNew(at);
            leaf.lock();
            for (long address = at; address < stop; address += PageSize.PAGE_SIZE) {
                leaf.setEntryLocked(PageTableLeaf.slot(address), guard);
            }
            leaf.unlock();
            at = stop;
        }
        return Errno.OK;
    }

    /// Other entries stay.
    static Errno remove(Vma vma, long start, long end) {
        if ((vma.flags() & NEVER) != 0) {
            return Errno.EINVAL;
        }
        vma.mm().pageTable().walkLeaves(start, end, GuardRegions::removeLocked);
        return Errno.OK;
    }

    private static void removeLocked(PageTableLeaf leaf, long from, long to) {
        for (long address = from; address < to; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            if (isGuard(leaf.entryLocked(slot))) {
                leaf.setEntryLocked(slot, PageTableEntry.NONE);
            }
        }
    }

    static boolean isGuard(long entry) {
        return PageTableEntry.isMarker(entry)
                && (PageTableEntry.marks(entry) & PageTableEntry.MARK_GUARD) != 0;
    }
}
