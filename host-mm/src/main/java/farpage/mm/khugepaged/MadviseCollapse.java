package farpage.mm.khugepaged;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;

/// `MADV_COLLAPSE`: collapses each aligned 2 MiB of a range of one VMA, whatever sizes are in use
/// and without regard to limits.
///
/// Where nothing can be done at one place the next is tried, unless the reason concerns them all.
/// The answer is that of the last failure.
///
/// @kernel mm/khugepaged.c: madvise_collapse
public final class MadviseCollapse {
    private static final CollapseLimits LIMITS = CollapseLimits.FORCED;

    private final Mm mm;
    private long end;
    private int collapsed;
    private ScanResult lastFailure = ScanResult.FAIL;

    private MadviseCollapse(Mm mm, long end) {
        this.mm = mm;
        this.end = end;
    }

    /// The mmap lock is held for reading, and is so again when the call is over; it may have been
    /// given up meanwhile, so that the VMA is no longer known.
    public static Errno collapse(Vma vma, long start, long end) {
        if (!HugePageCollapse.isAllowed(vma, LIMITS)) {
            return Errno.EINVAL;
        }
        long first = PageSize.alignDownPmd(start + PageSize.PMD_SIZE - 1);
        return new MadviseCollapse(vma.mm(), PageSize.alignDownPmd(end)).walk(vma, first);
    }

    private Errno walk(Vma first, long start) {
        Vma vma = first;
        for (long at = start; at < end; at += PageSize.PMD_SIZE) {
            HugePageCollapse collapse = new HugePageCollapse(mm, at, LIMITS);
            ScanResult result = collapse.attempt(vma);
            if (collapse.gaveUpLock()) {
                mm.lockRead();
            }
            if (result.isHuge()) {
                collapsed++;
            } else {
                lastFailure = result;
                if (result.endsWalk()) {
                    break;
                }
            }
            long next = at + PageSize.PMD_SIZE;
            if (next < end && collapse.gaveUpLock()) {
                Vma found = mm.lookupVma(next);
                ScanResult still = HugePageCollapse.revalidate(found, mm, next, LIMITS);
                if (still != ScanResult.SUCCEED || found == null) {
                    lastFailure = still;
                    break;
                }
                vma = found;
                end = Math.min(end, PageSize.alignDownPmd(vma.end()));
            }
        }
        return collapsed == (end - start) >> PageSize.PMD_SHIFT ? Errno.OK : lastFailure.errno();
    }
}
