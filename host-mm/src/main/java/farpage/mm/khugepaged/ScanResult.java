package farpage.mm.khugepaged;

import farpage.mm.Errno;

/// What came of looking at 2 MiB, or of the attempt to collapse them.
///
/// @kernel mm/khugepaged.c: enum scan_result, madvise_collapse_errno
public enum ScanResult {
    SUCCEED(Errno.OK, false),
    /// One entry maps it already, or one that migrates.
    PMD_MAPPED(Errno.OK, false),
    /// A page could not be brought in.
    FAIL(Errno.EINVAL, true),
    /// Nothing was ever mapped there, or a device has it whole.
    NO_PTE_TABLE(Errno.EINVAL, false),
    EXCEED_NONE_PTE(Errno.EBUSY, true),
    EXCEED_SWAP_PTE(Errno.EINVAL, true),
    EXCEED_SHARED_PTE(Errno.EINVAL, true),
    PTE_NON_PRESENT(Errno.EINVAL, false),
    PTE_UFFD_WP(Errno.EINVAL, false),
    /// No page was used lately, or too few beside those to be brought in.
    LACK_REFERENCED_PAGE(Errno.EINVAL, false),
    /// A page that is no ordinary one: of a driver, or on a coherent device.
    PAGE_NULL(Errno.EINVAL, false),
    /// Somebody holds a page besides its mappings.
    PAGE_COUNT(Errno.EAGAIN, false),
    PAGE_LRU(Errno.EAGAIN, false),
    PAGE_LOCK(Errno.EAGAIN, false),
    /// Not private anonymous memory, or without a page so far.
    PAGE_ANON(Errno.EINVAL, true),
    /// A page is broken.
    COPY_MC(Errno.EINVAL, true),
    /// The VMA does not permit it.
    VMA_CHECK(Errno.EINVAL, true),
    /// The VMA does not cover it any more.
    ADDRESS_RANGE(Errno.EINVAL, true),
    ALLOC_HUGE_PAGE_FAIL(Errno.ENOMEM, true),
    CGROUP_CHARGE_FAIL(Errno.EBUSY, true);

    private final Errno errno;
    private final boolean ends;

    ScanResult(Errno errno, boolean ends) {
        this.errno = errno;
        this.ends = ends;
    }

    /// What `MADV_COLLAPSE` answers if this is its last failure.
    ///
    /// @kernel mm/khugepaged.c: madvise_collapse_errno
    public Errno errno() {
        return errno;
    }

    /// Whether `MADV_COLLAPSE` leaves the rest of its range alone.
    boolean endsWalk() {
        return ends;
    }

    /// Whether the 2 MiB are mapped by one entry now.
    public boolean isHuge() {
        return this == SUCCEED || this == PMD_MAPPED;
    }
}
