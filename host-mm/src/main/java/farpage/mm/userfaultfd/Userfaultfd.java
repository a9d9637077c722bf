package farpage.mm.userfaultfd;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.UserfaultfdRanges;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/// A file descriptor through which a program handles faults of one process.
///
/// ```
/// Userfaultfd uffd = Userfaultfd.open(mm);
/// Errno errno = uffd.register(start, length, UffdModes.REGISTER_MISSING);
/// // in a thread of its own:
/// for (var fault = uffd.read(); fault.isPresent(); fault = uffd.read()) {
///     uffd.copy(fault.get().address(), page, PageSize.PAGE_SIZE, 0);
/// }
/// ```
///
/// Its owner closes it; the readers' loops end then, and every fault that waits is tried again as
/// if nothing had been registered.
///
/// @kernel fs/userfaultfd.c: struct userfaultfd_ctx
public final class Userfaultfd implements AutoCloseable {
    private final Mm mm;
    private final FaultQueue queue = new FaultQueue();

    private Userfaultfd(Mm mm) {
        this.mm = mm;
    }

    /// Opens one for the faults of a process.
    ///
    /// @kernel fs/userfaultfd.c: userfaultfd
    public static Userfaultfd open(Mm mm) {
        Userfaultfd userfaultfd = new Userfaultfd(mm);
        mm.addUserfaultfd(userfaultfd);
        return userfaultfd;
    }

    public Mm mm() {
        return mm;
    }

    FaultQueue queue() {
        return queue;
    }

    // Ranges.

    /// Has faults in a range handled here.
    ///
    /// @param mode of [UffdModes]
    /// @return EINVAL for a mode of nothing, a range that no mapping is in, or memory that is not
    ///   anonymous; EPERM for memory that can never be written; EBUSY where somebody else is
    ///   registered; ENOMEM if the process has exited
    /// @kernel fs/userfaultfd.c: userfaultfd_register
    public Errno register(long start, long length, int mode) {
        int known = UffdModes.REGISTER_MISSING | UffdModes.REGISTER_WP;
        if (mode == 0 || (mode & ~known) != 0 || !isLegalRange(start, length)) {
            return Errno.EINVAL;
        }
        return UserfaultfdRanges.register(this, start, start + length, UffdModes.vmFlags(mode));
    }

    /// Lets go of a range; faults that wait there are tried again.
    ///
    /// @return EINVAL for a range that no mapping is in, memory that is not anonymous, or a mapping
    ///   that somebody else is registered for; ENOMEM if the process has exited
    /// @kernel fs/userfaultfd.c: userfaultfd_unregister
    public Errno unregister(long start, long length) {
        if (!isLegalRange(start, length)) {
            return Errno.EINVAL;
        }
        return UserfaultfdRanges.unregister(this, start, start + length);
    }

    // Messages.

    /// The oldest fault that nobody has read. Waits for one.
    ///
    /// @return empty once this is closed
    public Optional<UffdMessage> read() {
        return queue.read();
    }

    /// As [#read], without waiting.
    public Optional<UffdMessage> tryRead() {
        return queue.tryRead();
    }

    // Answers.

    /// Puts copies of the source's pages where nothing is mapped, and wakes who waits for them.
    ///
    /// @param mode of [UffdModes#DONTWAKE], [UffdModes#COPY_WP]
    /// @return as [FillPages#fill], and EINVAL for an illegal range or mode
    /// @kernel fs/userfaultfd.c: userfaultfd_copy
    public UffdResult copy(long start, MemorySegment source, long length, int mode) {
        if (!isLegalRange(start, length)
                || (mode & ~(UffdModes.DONTWAKE | UffdModes.COPY_WP)) != 0) {
            return UffdResult.refused(Errno.EINVAL);
        }
        boolean writeProtect = (mode & UffdModes.COPY_WP) != 0;
        return fill(new FillPages(mm, source, writeProtect), start, length, mode);
    }

    /// Maps the zero page where nothing is mapped, and wakes who waits there.
    ///
    /// @param mode of [UffdModes#DONTWAKE]
    /// @return as for [#copy]
    /// @kernel fs/userfaultfd.c: userfaultfd_zeropage
    public UffdResult zeroPage(long start, long length, int mode) {
        if (!isLegalRange(start, length) || (mode & ~UffdModes.DONTWAKE) != 0) {
            return UffdResult.refused(Errno.EINVAL);
        }
        return fill(new FillPages(mm, FillPages.Content.ZERO_PAGE), start, length, mode);
    }

    /// Lets places where nothing is mapped seem broken memory, and wakes who waits there.
    ///
    /// @param mode of [UffdModes#DONTWAKE]
    /// @return as for [#copy]
    /// @kernel fs/userfaultfd.c: userfaultfd_poison
    public UffdResult poison(long start, long length, int mode) {
        if (!isLegalRange(start, length) || (mode & ~UffdModes.DONTWAKE) != 0) {
            return UffdResult.refused(Errno.EINVAL);
        }
        return fill(new FillPages(mm, FillPages.Content.POISON), start, length, mode);
    }

    /// Moves pages from elsewhere in the process to where nothing is mapped, and wakes who waits
    /// there.
    ///
    /// @param mode of [UffdModes#DONTWAKE], [UffdModes#MOVE_ALLOW_SRC_HOLES]
    /// @return ESRCH if the process has exited; ENOENT where nothing is mapped or, unless that is
    ///   allowed, at an empty place of the source; EINVAL for an illegal range or mode, ranges that
    ///   are not within one mapping each, mappings that are not both writable, anonymous and of the
    ///   same access, or a target that is not registered here; EEXIST where something is; EBUSY for
    ///   a page that is not the process's alone or pinned; EFAULT for one that CPUs do not reach;
    ///   EAGAIN if some pages moved before that
    /// @kernel fs/userfaultfd.c: userfaultfd_move
    public UffdResult move(long start, long source, long length, int mode) {
        int known = UffdModes.DONTWAKE | UffdModes.MOVE_ALLOW_SRC_HOLES;
        if (!isLegalRange(start, length) || !isLegalRange(source, length) || (mode & ~known) != 0) {
            return UffdResult.refused(Errno.EINVAL);
        }
        boolean allowHoles = (mode & UffdModes.MOVE_ALLOW_SRC_HOLES) != 0;
        return wake(new MoveEntries(this, allowHoles).move(start, source, length), start, mode);
    }

    private UffdResult fill(FillPages pages, long start, long length, int mode) {
        return wake(pages.fill(start, length), start, mode);
    }

    private UffdResult wake(UffdResult result, long start, int mode) {
        if (result.isFilled() && (mode & UffdModes.DONTWAKE) == 0) {
            queue.wake(start, start + result.bytes());
        }
        return result;
    }

    /// Wakes who waits in a range, whatever is there by now.
    ///
    /// @return EINVAL for an illegal range
    /// @kernel fs/userfaultfd.c: userfaultfd_wake
    public Errno wake(long start, long length) {
        if (!isLegalRange(start, length)) {
            return Errno.EINVAL;
        }
        queue.wake(start, start + length);
        return Errno.OK;
    }

    /// Protects the pages that are there from stores, or gives the right to store back and wakes
    /// who waits for it. Places where nothing is mapped are left as they are.
    ///
    /// @param mode of [UffdModes#WRITEPROTECT_WP], [UffdModes#WRITEPROTECT_DONTWAKE], not both
    /// @return EINVAL for an illegal range or mode; ENOENT for a range with no mapping, or with one
    ///   that is not registered for that: what lies below was done; ESRCH if the process has exited
    /// @kernel fs/userfaultfd.c: userfaultfd_writeprotect
    public Errno writeProtect(long start, long length, int mode) {
        int known = UffdModes.WRITEPROTECT_WP | UffdModes.WRITEPROTECT_DONTWAKE;
        if (!isLegalRange(start, length) || (mode & ~known) != 0 || mode == known) {
            return Errno.EINVAL;
        }
        boolean protect = (mode & UffdModes.WRITEPROTECT_WP) != 0;
        Errno errno = UserfaultfdRanges.writeProtect(mm, start, start + length, protect);
        if (errno.isOk() && mode == 0) {
            queue.wake(start, start + length);
        }
        return errno;
    }

    /// @kernel fs/userfaultfd.c: validate_range
    private static boolean isLegalRange(long start, long length) {
        return PageSize.isAligned(start)
                && PageSize.isAligned(length)
                && length > 0
                && start >= Mm.MMAP_MIN_ADDRESS
                && start < PageSize.TASK_SIZE
                && length <= PageSize.TASK_SIZE - start;
    }

    // The end.

    /// Wakes who waits in a range, for those who let go of it.
    ///
    /// @kernel fs/userfaultfd.c: wake_userfault
    public void wakeRange(long start, long end) {
        queue.wake(start, end);
    }

    /// Wakes all who wait: their process ends, or this does.
    public void wakeAll() {
        queue.wake(0, PageSize.TASK_SIZE);
    }

    /// Faults that wait, for checks.
    public int waitingCount() {
        return queue.waitingCount();
    }

    /// Whether faults are no longer handled here.
    public boolean isClosed() {
        return queue.isReleased();
    }

    /// Lets go of all ranges; faults that wait are tried again.
    ///
    /// @kernel fs/userfaultfd.c: userfaultfd_release
    @Override
    public void close() {
        queue.release();
        UserfaultfdRanges.release(this);
        wakeAll();
    }
}
