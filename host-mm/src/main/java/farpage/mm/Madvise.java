package farpage.mm;

import farpage.mm.file.OpenFile;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupResult;
import farpage.mm.hugetlb.HugetlbMapping;
import farpage.mm.khugepaged.MadviseCollapse;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.reclaim.ReclaimAdvice;

/// `madvise`: takes a range VMA by VMA. A hole does not end it; it only makes the answer ENOMEM.
///
/// Advice that changes flags of VMAs needs the mmap lock for writing; the rest changes entries
/// alone, and faults may happen beside it.
///
/// @kernel mm/madvise.c
final class Madvise {
    private Madvise() {}

    static Errno call(Mm mm, long address, long length, Advice advice) {
        long size = PageSize.alignUp(length);
        boolean wraps = length != 0 && size == 0 || address + size < address;
        if (!PageSize.isAligned(address) || wraps || size < 0) {
            return Errno.EINVAL;
        }
        if (size == 0) {
            return Errno.OK;
        }
        long end = address + size;
        if (advice == Advice.HWPOISON) {
            return injectError(mm, address, end);
        }
        if (changesFlags(advice)) {
            mm.lockWrite();
            try {
                return walk(mm, address, end, advice);
            } finally {
                mm.unlockWrite();
            }
        }
        mm.lockRead();
        try {
            return switch (advice) {
                case POPULATE_READ -> Populate.advised(mm, address, end, false);
                case POPULATE_WRITE -> Populate.advised(mm, address, end, true);
                default -> walk(mm, address, end, advice);
            };
        } finally {
            mm.unlockRead();
        }
    }

    private static boolean changesFlags(Advice advice) {
        return switch (advice) {
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
                    GUARD_REMOVE,
                    HWPOISON ->
                    false;
            case NORMAL,
                    RANDOM,
                    SEQUENTIAL,
                    DONTFORK,
                    DOFORK,
                    WIPEONFORK,
                    KEEPONFORK,
                    MERGEABLE,
                    UNMERGEABLE,
                    HUGEPAGE,
                    NOHUGEPAGE,
                    DONTDUMP,
                    DODUMP,
                    GUARD_INSTALL ->
                    true;
        };
    }

    /// Says of each page of the range, which is faulted in if need be, that it is broken.
    ///
    /// @return the first error of a page that can not be got or not be dealt with
    /// @kernel mm/madvise.c: madvise_inject_error
    private static Errno injectError(Mm mm, long start, long end) {
        long[] page = new long[1];
        for (long at = start; at < end; at += PageSize.PAGE_SIZE) {
            GupResult got = GetUserPages.getFast(mm, at, 1, 0, page);
            if (got.count() != 1) {
                return got.errno();
            }
            Errno errno = mm.machine().memoryFailure().failReferenced(page[0]).errno();
            if (!errno.isOk()) {
                return errno;
            }
        }
        return Errno.OK;
    }

    /// @kernel mm/madvise.c: madvise_walk_vmas
    private static Errno walk(Mm mm, long start, long end, Advice advice) {
        Errno answer = Errno.OK;
        for (long at = start; at < end; ) {
            Vma vma = mm.vmaTree().lookupFrom(at);
            if (vma == null) {
                return Errno.ENOMEM;
            }
            if (at < vma.start()) {
                answer = Errno.ENOMEM;
                at = vma.start();
                if (at >= end) {
                    break;
                }
            }
            long stop = Math.min(vma.end(), end);
            Errno errno = advise(vma, at, stop, advice);
            if (!errno.isOk()) {
                return errno;
            }
            at = stop;
        }
        return answer;
    }

    /// @kernel mm/madvise.c: madvise_vma_behavior
    private static Errno advise(Vma vma, long start, long end, Advice advice) {
        if (vma.isHugetlb()) {
            return adviseHugetlb(vma, start, end, advice);
        }
        return adviseOrdinary(vma, start, end, advice);
    }

    /// What is not needed is rounded to whole huge pages; a cut is not.
    ///
    /// @kernel mm/madvise.c: madvise_dontneed_free_valid_vma
    private static Errno adviseHugetlb(Vma vma, long start, long end, Advice advice) {
        boolean dontNeed = advice == Advice.DONTNEED || advice == Advice.DONTNEED_LOCKED;
        boolean aligned =
                HugetlbMapping.mayCut(vma, start) && (dontNeed || HugetlbMapping.mayCut(vma, end));
        if (!aligned && (dontNeed || changesFlags(advice))) {
            return Errno.EINVAL;
        }
        if (!dontNeed) {
            return adviseOrdinary(vma, start, end, advice);
        }
        long stop = PageSize.alignDownPmd(end);
        return start < stop ? dontNeed(vma, start, stop, advice) : Errno.OK;
    }

    private static Errno adviseOrdinary(Vma vma, long start, long end, Advice advice) {
        return switch (advice) {
            case DONTNEED, DONTNEED_LOCKED -> dontNeed(vma, start, end, advice);
            case FREE -> free(vma, start, end);
            case REMOVE -> remove(vma, start, end);
            case COLLAPSE -> collapse(vma, start, end);
            case GUARD_INSTALL -> GuardRegions.install(vma, start, end);
            case GUARD_REMOVE -> GuardRegions.remove(vma, start, end);
            case COLD, PAGEOUT -> reclaim(vma, start, end, advice);
            case WILLNEED -> {
                new ReclaimAdvice(vma).willNeed(start, end);
                yield Errno.OK;
            }
            default -> MadviseFlags.change(vma, start, end, advice);
        };
    }

    private static Errno dontNeed(Vma vma, long start, long end, Advice advice) {
        int forbidden =
                advice == Advice.DONTNEED_LOCKED ? VmFlags.PFNMAP : VmFlags.PFNMAP | VmFlags.LOCKED;
        if ((vma.flags() & forbidden) != 0) {
            return Errno.EINVAL;
        }
        Zap.unmap(vma, start, end, MmuNotifierRange.Event.CLEAR);
        return Errno.OK;
    }

    private static Errno free(Vma vma, long start, long end) {
        if ((vma.flags() & (VmFlags.PFNMAP | VmFlags.LOCKED)) != 0 || !vma.isAnonymous()) {
            return Errno.EINVAL;
        }
        MadviseFree.free(vma, start, end);
        return Errno.OK;
    }

    /// @kernel mm/madvise.c: madvise_cold, madvise_pageout
    private static Errno reclaim(Vma vma, long start, long end, Advice advice) {
        if ((vma.flags() & (VmFlags.LOCKED | VmFlags.PFNMAP | VmFlags.HUGETLB)) != 0) {
            return Errno.EINVAL;
        }
        ReclaimAdvice reclaim = new ReclaimAdvice(vma);
        if (advice == Advice.COLD) {
            reclaim.cold(start, end);
        } else {
            long _ = reclaim.pageOut(start, end);
        }
        return Errno.OK;
    }

    /// Makes a hole in the file, of which everybody who maps it loses the pages. The mmap lock is
    /// given up meanwhile, because the file's own locks are outer ones.
    ///
    /// @kernel mm/madvise.c: madvise_remove
    private static Errno remove(Vma vma, long start, long end) {
        OpenFile file = vma.file();
        if (file == null || (vma.flags() & VmFlags.LOCKED) != 0) {
            return Errno.EINVAL;
        }
        int sharedWritable = VmFlags.SHARED | VmFlags.MAYWRITE;
        if ((vma.flags() & sharedWritable) != sharedWritable) {
            return Errno.EACCES;
        }
        long offset = PageSize.pageAddress(vma.pageIndex(start));
        file.get();
        vma.mm().unlockRead();
        Errno errno = file.punchHole(offset, end - start);
        file.put();
        vma.mm().lockRead();
        return errno;
    }

    /// Pages of files are small: shared memory is answered as where no large folio is to be had.
    ///
    /// @kernel mm/madvise.c: madvise_vma_behavior
    private static Errno collapse(Vma vma, long start, long end) {
        OpenFile file = vma.file();
        if (file == null) {
            return MadviseCollapse.collapse(vma, start, end);
        }
        long first = PageSize.alignDownPmd(start + PageSize.PMD_SIZE - 1);
        long last = PageSize.alignDownPmd(end);
        int forbidden = VmFlags.SPECIAL | VmFlags.HUGETLB | VmFlags.NOHUGEPAGE;
        long roomStart = PageSize.alignDownPmd(vma.start() + PageSize.PMD_SIZE - 1);
        boolean hasRoom = roomStart + PageSize.PMD_SIZE <= vma.end();
        boolean isMeant = file.mapping().isShmem() && (vma.flags() & forbidden) == 0;
        if (!isMeant || !hasRoom || first > last) {
            return Errno.EINVAL;
        }
        return first == last ? Errno.OK : Errno.ENOMEM;
    }
}
