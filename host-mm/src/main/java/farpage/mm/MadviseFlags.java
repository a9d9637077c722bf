package farpage.mm;

import farpage.mm.ksm.Ksm;

/// Advice that is kept in the flags of a VMA. Where the flags of a part change it becomes a VMA of
/// its own, or is joined with a neighbour.
///
/// @kernel mm/madvise.c: madvise_vma_behavior, madvise_update_vma
final class MadviseFlags {
    private MadviseFlags() {}

    /// The mmap lock is held for writing.
    static Errno change(Vma vma, long start, long end, Advice advice) {
        if (isRefused(vma, advice)) {
            return Errno.EINVAL;
        }
        if (advice == Advice.MERGEABLE && !Ksm.isCompatible(vma)) {
            return Errno.OK;
        }
        int flags = changed(vma.flags(), advice);
        if (flags != vma.flags()) {
            Errno errno = tellMerging(vma, start, end, advice);
            if (!errno.isOk()) {
                return errno;
            }
            Vma _ = vma.mm().vmaTree().modifyFlags(start, end, flags);
        }
        return Errno.OK;
    }

    /// Same-page merging must look at the process from now on, or give the pages that it merged
    /// back.
    ///
    /// @return EAGAIN if there is no memory for a copy
    /// @kernel mm/ksm.c: ksm_madvise
    private static Errno tellMerging(Vma vma, long start, long end, Advice advice) {
        Ksm ksm = vma.mm().machine().ksm();
        if (advice == Advice.MERGEABLE) {
            ksm.enter(vma.mm());
        } else if (advice == Advice.UNMERGEABLE) {
            return ksm.unmerge(vma, start, end).isOk() ? Errno.OK : Errno.EAGAIN;
        }
        return Errno.OK;
    }

    private static boolean isRefused(Vma vma, Advice advice) {
        return switch (advice) {
            case DOFORK -> (vma.flags() & VmFlags.IO) != 0;
            case WIPEONFORK -> !vma.isAnonymous() || (vma.flags() & VmFlags.SHARED) != 0;
            case DODUMP ->
                    (vma.flags() & VmFlags.HUGETLB) == 0 && (vma.flags() & VmFlags.SPECIAL) != 0;
            default -> false;
        };
    }

    private static int changed(int flags, Advice advice) {
        return switch (advice) {
            case NORMAL -> flags & ~(VmFlags.RAND_READ | VmFlags.SEQ_READ);
            case RANDOM -> flags & ~VmFlags.SEQ_READ | VmFlags.RAND_READ;
            case SEQUENTIAL -> flags & ~VmFlags.RAND_READ | VmFlags.SEQ_READ;
            case DONTFORK -> flags | VmFlags.DONTCOPY;
            case DOFORK -> flags & ~VmFlags.DONTCOPY;
            case WIPEONFORK -> flags | VmFlags.WIPEONFORK;
            case KEEPONFORK -> flags & ~VmFlags.WIPEONFORK;
            case DONTDUMP -> flags | VmFlags.DONTDUMP;
            case DODUMP -> flags & ~VmFlags.DONTDUMP;
            case HUGEPAGE -> flags & ~VmFlags.NOHUGEPAGE | VmFlags.HUGEPAGE;
            case NOHUGEPAGE -> flags & ~VmFlags.HUGEPAGE | VmFlags.NOHUGEPAGE;
            case MERGEABLE -> flags | VmFlags.MERGEABLE;
            case UNMERGEABLE -> flags & ~VmFlags.MERGEABLE;
            case WILLNEED,
                    DONTNEED,
                    DONTNEED_LOCKED,
                    FREE,
                    REMOVE,
                    COLD,
                    PAGEOUT,
                    COLLAPSE,
                    POPULATE_READ,
                    POPULATE_WRITE,
                    GUARD_INSTALL,
                    GUARD_REMOVE,
                    HWPOISON ->
                    throw new AssertionError(advice);
        };
    }
}
