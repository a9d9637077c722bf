package farpage.mm.gup;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.fault.FaultFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFaultHandler;
import farpage.mm.pagetable.PageTableLeaf;

/// One request: goes from page to page, faults in what is missing, and looks again.
///
/// @kernel mm/gup.c: __get_user_pages, __get_user_pages_locked
final class GupWalk {
    private final Mm mm;
    private final long start;
    private final int count;
    private final int flags;
    private final long[] pages;

    private int done;
    private Errno errno = Errno.OK;

    /// Whether a fault gave the mmap lock up.
    private boolean unlocked;

    GupWalk(Mm mm, long start, int count, int flags, long[] pages) {
        assert count >= 0;
        assert count <= pages.length;
        assert (flags & GupFlags.LONGTERM) == 0 || (flags & GupFlags.PIN) != 0;
        this.mm = mm;
        this.start = PageSize.alignDown(start);
        this.count = count;
        this.flags = flags;
        this.pages = pages;
    }

    GupResult result() {
        return GupResult.of(errno, done);
    }

    GupResult walkLocked() {
        walk(0);
        return result();
    }

    /// Takes the mmap lock, again after each fault that gave it up.
    GupResult walkUnlocked() {
        do {
            unlocked = false;
            mm.lockRead();
            try {
                walk(FaultFlags.ALLOW_RETRY);
            } finally {
                if (!unlocked) {
                    mm.unlockRead();
                }
            }
        } while (unlocked);
        return result();
    }

    /// As far as it goes without the mmap lock and without faults.
    ///
    /// @kernel mm/gup.c: gup_fast
    void walkFast() {
        while (done < count) {
            long address = address();
            if (address < 0 || address >= PageSize.TASK_SIZE) {
                return;
            }
            PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
            if (leaf == null) {
                return;
            }
            long answer = FollowPage.followFast(mm.machine(), leaf, address, flags);
            if (!FollowPage.isPage(answer)) {
                return;
            }
            pages[done++] = answer;
        }
    }

    private long address() {
        return start + PageSize.pageAddress(done);
    }

    /// Goes on until everything is got, an error, or the mmap lock was given up.
    ///
    /// @param faultFlags what a fault may do, of [FaultFlags]
    private void walk(int faultFlags) {
        walkOnce(faultFlags);
        while (!unlocked
                && (flags & GupFlags.LONGTERM) != 0
                && !LongtermPins.arePinnable(pages, done)) {
            Errno moved = LongtermPins.moveAway(mm.machine(), pages, done);
            done = 0;
            errno = moved;
            walkOnce(faultFlags);
        }
    }

    private void walkOnce(int faultFlags) {
        while (done < count && errno.isOk() && !unlocked) {
            long address = address();
            Vma vma = mm.lookupVma(address);
            if (vma == null || !FollowPage.permits(vma, flags)) {
                errno = Errno.EFAULT;
                return;
            }
            long answer = FollowPage.follow(vma, address, flags);
            if (FollowPage.isPage(answer)) {
                pages[done++] = answer;
            } else if (answer == FollowPage.IMPOSSIBLE) {
                errno = Errno.EFAULT;
            } else {
                faultIn(vma, address, answer == FollowPage.NEEDS_UNSHARING, faultFlags);
            }
        }
    }

    /// @kernel mm/gup.c: faultin_page
    private void faultIn(Vma vma, long address, boolean unshare, int faultFlags) {
        if ((flags & GupFlags.NOFAULT) != 0) {
            errno = Errno.EFAULT;
            return;
        }
        int fault = faultFlags;
        if ((flags & GupFlags.REMOTE) != 0) {
            fault |= FaultFlags.REMOTE;
        }
        if (unshare) {
            fault |= FaultFlags.UNSHARE;
        } else if ((flags & GupFlags.WRITE) != 0) {
            fault |= FaultFlags.WRITE;
        }
        FaultResult result = PageFaultHandler.handleLocked(vma, address, fault);
        unlocked = result == FaultResult.RETRY;
        errno = errno(result);
    }

    /// @kernel include/linux/mm.h: vm_fault_to_errno
    private Errno errno(FaultResult result) {
        return switch (result) {
            case HANDLED, RETRY, FALLBACK -> Errno.OK;
            case OUT_OF_MEMORY -> Errno.ENOMEM;
            case HWPOISON -> (flags & GupFlags.HWPOISON) != 0 ? Errno.EHWPOISON : Errno.EFAULT;
            case SIGBUS, SIGSEGV -> Errno.EFAULT;
        };
    }
}
