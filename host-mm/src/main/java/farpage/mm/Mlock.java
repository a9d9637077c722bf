package farpage.mm;

/// `mlock` and its like: a flag on VMAs that keeps reclaim from their pages, and the pages faulted
/// in at once.
///
/// @kernel mm/mlock.c
final class Mlock {
    private Mlock() {}

    /// @param onFault whether pages are locked as they come instead of being faulted in
    /// @kernel mm/mlock.c: do_mlock
    static Errno lock(Mm mm, long address, long length, boolean onFault) {
        long start = PageSize.alignDown(address);
        long size = PageSize.alignUp(length + PageSize.offsetInPage(address));
        int flags = onFault ? VmFlags.LOCKED_MASK : VmFlags.LOCKED;
        Errno errno = change(mm, start, size, flags);
        if (!errno.isOk() || size == 0) {
            return errno;
        }
        return switch (Populate.locked(mm, start, start + size)) {
            case OK -> Errno.OK;
            case ENOMEM -> Errno.EAGAIN;
            case EFAULT -> Errno.ENOMEM;
            case Errno other -> other;
        };
    }

    static Errno unlock(Mm mm, long address, long length) {
        long start = PageSize.alignDown(address);
        return change(mm, start, PageSize.alignUp(length + PageSize.offsetInPage(address)), 0);
    }

    /// Locks all that is mapped now, or nothing any more.
    ///
    /// @kernel mm/mlock.c: apply_mlockall_flags
    static void changeAll(Mm mm, int lockFlags) {
        mm.lockWrite();
        try {
            VmaTree vmas = mm.vmaTree();
            for (Vma vma = vmas.lookupFrom(0); vma != null; ) {
                long end = vma.end();
                change(vma, vma.start(), end, lockFlags);
                vma = vmas.lookupFrom(end);
            }
        } finally {
            mm.unlockWrite();
        }
    }

    /// @return ENOMEM at a hole; what lies below was changed
    /// @kernel mm/mlock.c: apply_vma_lock_flags
    private static Errno change(Mm mm, long start, long size, int lockFlags) {
        long end = start + size;
        if (end < start) {
            return Errno.EINVAL;
        }
        mm.lockWrite();
        try {
            VmaTree vmas = mm.vmaTree();
            for (long at = start; at < end; ) {
                Vma vma = vmas.lookup(at);
                if (vma == null) {
                    return Errno.ENOMEM;
                }
                long stop = Math.min(vma.end(), end);
                change(vma, at, stop, lockFlags);
                at = stop;
            }
            return Errno.OK;
        } finally {
            mm.unlockWrite();
        }
    }

    /// Mappings that have no ordinary pages are passed over.
    ///
    /// @kernel mm/mlock.c: mlock_fixup
    private static void change(Vma vma, long start, long end, int lockFlags) {
        int flags = vma.flags() & ~VmFlags.LOCKED_MASK | lockFlags;
        if (flags != vma.flags() && (vma.flags() & (VmFlags.SPECIAL | VmFlags.HUGETLB)) == 0) {
            Vma _ = vma.mm().vmaTree().modifyFlags(start, end, flags);
        }
    }
}
