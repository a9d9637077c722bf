package farpage.mm;

import farpage.mm.userfaultfd.Userfaultfd;
import org.jspecify.annotations.Nullable;

/// Which mappings a [Userfaultfd] is asked about. A part that is registered otherwise than its
/// surroundings becomes a VMA of its own.
///
/// @kernel mm/userfaultfd.c: userfaultfd_register_range, userfaultfd_clear_vma
public final class UserfaultfdRanges {
    private UserfaultfdRanges() {}

    /// Registers every mapping in `[start, end)`; the holes between them are passed over.
    ///
    /// @param flags of [VmFlags#UFFD]
    /// @return as [Userfaultfd#register]; then nothing was registered
    /// @kernel fs/userfaultfd.c: userfaultfd_register
    public static Errno register(Userfaultfd userfaultfd, long start, long end, int flags) {
        Mm mm = userfaultfd.mm();
        mm.lockWrite();
        try {
            if (mm.isExited()) {
                return Errno.ENOMEM;
            }
            Errno errno = check(userfaultfd, start, end, Errno.EBUSY);
            if (errno.isOk()) {
                registerLocked(userfaultfd, start, end, flags);
            }
            return errno;
        } finally {
            mm.unlockWrite();
        }
    }

    private static void registerLocked(Userfaultfd userfaultfd, long start, long end, int flags) {
        VmaTree vmas = userfaultfd.mm().vmaTree();
        long at = start;
        Vma vma = vmas.lookupFrom(at);
        while (vma != null && at < end && vma.start() < end) {
            long stop = Math.min(vma.end(), end);
            if (!isRegistered(vma, userfaultfd) || (vma.flags() & flags) != flags) {
                Vma _ = vmas.modifyUserfaultfd(Math.max(vma.start(), at), stop, userfaultfd, flags);
            }
            at = stop;
            vma = vmas.lookupFrom(at);
        }
    }

    /// Lets go of every mapping in `[start, end)`. Who waits for a missing page is woken.
    ///
    /// @return as [Userfaultfd#unregister]
    /// @kernel fs/userfaultfd.c: userfaultfd_unregister
    public static Errno unregister(Userfaultfd userfaultfd, long start, long end) {
        Mm mm = userfaultfd.mm();
        mm.lockWrite();
        try {
            if (mm.isExited()) {
                return Errno.ENOMEM;
            }
            Errno errno = check(userfaultfd, start, end, Errno.EINVAL);
            if (errno.isOk()) {
                clearLocked(userfaultfd, start, end);
            }
            return errno;
        } finally {
            mm.unlockWrite();
        }
    }

    /// Lets go of all mappings.
    ///
    /// @kernel mm/userfaultfd.c: userfaultfd_release_all
    public static void release(Userfaultfd userfaultfd) {
        Mm mm = userfaultfd.mm();
        mm.lockWrite();
        try {
            clearLocked(userfaultfd, 0, PageSize.TASK_SIZE);
            mm.removeUserfaultfd(userfaultfd);
        } finally {
            mm.unlockWrite();
        }
    }

    private static void clearLocked(Userfaultfd userfaultfd, long start, long end) {
        VmaTree vmas = userfaultfd.mm().vmaTree();
        long at = start;
        Vma vma = vmas.lookupFrom(at);
        while (vma != null && at < end && vma.start() < end) {
            long stop = Math.min(vma.end(), end);
            if (isRegistered(vma, userfaultfd)) {
                clear(vma, Math.max(vma.start(), at), stop);
            }
            at = stop;
            vma = vmas.lookupFrom(at);
        }
    }

    private static void clear(Vma vma, long start, long end) {
        Userfaultfd userfaultfd = vma.userfaultfd();
        assert userfaultfd != null;
        if (vma.hasUffdMissing()) {
            userfaultfd.wakeRange(start, end);
        }
        if (vma.hasUffdWp()) {
            Mprotect.writeProtect(vma, start, end, false);
        }
        Vma _ = vma.mm().vmaTree().modifyUserfaultfd(start, end, null, 0);
    }

    /// Whether the range can be dealt with: something is mapped there, all of it is of a kind that
    /// can be registered, and nobody else is.
    ///
    /// @param foreign the answer if somebody else is
    private static Errno check(Userfaultfd userfaultfd, long start, long end, Errno foreign) {
        VmaTree vmas = userfaultfd.mm().vmaTree();
        Vma vma = vmas.lookupFrom(start);
        if (vma == null || vma.start() >= end) {
            return Errno.EINVAL;
        }
        while (vma != null && vma.start() < end) {
            if (!vma.isAnonymous()) {
                return Errno.EINVAL;
            }
            if ((vma.flags() & VmFlags.MAYWRITE) == 0) {
                return Errno.EPERM;
            }
            if (vma.userfaultfd() != null && !isRegistered(vma, userfaultfd)) {
                return foreign;
            }
            vma = vmas.next(vma);
        }
        return Errno.OK;
    }

    @SuppressWarnings("ReferenceEquality") // a context is known by identity
    private static boolean isRegistered(Vma vma, @Nullable Userfaultfd userfaultfd) {
        return vma.userfaultfd() == userfaultfd;
    }

    /// Protects the pages in `[start, end)` from stores, or ends that.
    ///
    /// @return as [Userfaultfd#writeProtect]
    /// @kernel mm/userfaultfd.c: mwriteprotect_range
    public static Errno writeProtect(Mm mm, long start, long end, boolean protect) {
        mm.lockRead();
        try {
            if (mm.isExited()) {
                return Errno.ESRCH;
            }
            Errno errno = Errno.ENOENT;
            long at = start;
            Vma vma = mm.lookupVmaFrom(at);
            while (vma != null && at < end && vma.start() < end) {
                if (!vma.hasUffdWp()) {
                    return Errno.ENOENT;
                }
                long stop = Math.min(vma.end(), end);
                Mprotect.writeProtect(vma, Math.max(vma.start(), at), stop, protect);
                errno = Errno.OK;
                at = stop;
                vma = mm.lookupVmaFrom(at);
            }
            return errno;
        } finally {
            mm.unlockRead();
        }
    }

    /// A mapping that was inherited or moved is not registered: there are no events to tell of it.
    ///
    /// @kernel mm/userfaultfd.c: userfaultfd_reset_ctx
    static void reset(Vma vma) {
        vma.setUserfaultfd(null, 0);
    }
}
