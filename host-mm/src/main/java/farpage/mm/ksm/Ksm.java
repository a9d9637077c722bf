package farpage.mm.ksm;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;

/// The same-page merger of a machine. It has no thread of its own: passes run when they are asked
/// for, in the thread that asks, so that what they merge follows from the memory alone.
///
/// A pass may run while other threads work on the processes. The lock of the passes is outside
/// their mmap locks, and is given up every hundred pages.
///
/// @kernel mm/ksm.c
public final class Ksm {
    /// How many mappings a merged page may have, unless it is set.
    ///
    /// @kernel mm/ksm.c: ksm_max_page_sharing
    public static final int MAX_PAGE_SHARING_DEFAULT = 256;

    private static final int PAGES_PER_BATCH = 100;

    /// Mappings to which no page of one's own belongs, or whose stores others must see.
    ///
    /// @kernel mm/ksm.c: ksm_compatible
    private static final int INCOMPATIBLE =
            VmFlags.SHARED | VmFlags.MAYSHARE | VmFlags.SPECIAL | VmFlags.HUGETLB;

    private final Machine machine;
    private final RankedLock passes = new RankedLock(LockRank.KSM_THREAD);
    private final RankedLock listLock = new RankedLock(LockRank.KSM_MM_LIST);
    private final KsmCounters counters = new KsmCounters();
    private final MergedPages merged;
    private final KsmScan scan;

    public Ksm(Machine machine) {
        this.machine = machine;
        merged = new MergedPages(machine, counters, MAX_PAGE_SHARING_DEFAULT);
        scan = new KsmScan(machine, merged, counters, listLock);
    }

    /// Whether pages of such a mapping may be merged at all; to the others the advice means
    /// nothing.
    ///
    /// @kernel mm/ksm.c: vma_ksm_compatible
    public static boolean isCompatible(Vma vma) {
        return (vma.flags() & INCOMPATIBLE) == 0;
    }

    /// A process has, or is about to have, mergeable memory. Its mmap lock is held for writing.
    ///
    /// @kernel mm/ksm.c: __ksm_enter
    public void enter(Mm mm) {
        scan.enter(mm);
    }

    /// A child has its parent's mergeable memory.
    ///
    /// @kernel include/linux/ksm.h: ksm_fork
    public void fork(Mm parent, Mm child) {
        if (scan.lookupSlot(parent) != null) {
            scan.enter(child);
        }
    }

    /// Gives the merged pages of a range pages of their own again, because the memory is no longer
    /// to be merged or is about to move. The mmap lock is held.
    ///
    /// @return ENOMEM if there was no memory for a copy
    /// @kernel mm/ksm.c: unmerge_ksm_pages
    public Errno unmerge(Vma vma, long start, long end) {
        return BreakKsm.unmerge(vma, start, end);
    }

    /// A process is about to exit: what is known of its pages is forgotten. No lock of it is held.
    ///
    /// @kernel mm/ksm.c: __ksm_exit
    public void exit(Mm mm) {
        if (scan.lookupSlot(mm) == null) {
            return;
        }
        passes.lock();
        try {
            MmSlot slot = scan.lookupSlot(mm);
            if (slot != null) {
                scan.remove(slot);
            }
            merged.stable().prune();
        } finally {
            passes.unlock();
        }
    }

    /// Passes over all memory, from where the last one ended. A page is merged at the second pass
    /// that finds it unchanged. Without any process that advised merging there is nothing to do.
    ///
    /// @kernel mm/ksm.c: ksm_do_scan; /sys/kernel/mm/ksm/full_scans
    public void scanFullPasses(int passCount) {
        passes.lock();
        long last = counters.fullScans + passCount;
        passes.unlock();
        boolean done = false;
        while (!done) {
            passes.lock();
            try {
                done = counters.fullScans >= last || scan.isEmpty();
                if (!done) {
                    scanBatch();
                }
            } finally {
                passes.unlock();
            }
        }
    }

    private void scanBatch() {
        for (int i = 0; i < PAGES_PER_BATCH; i++) {
            if (scan.isAtStart()) {
                merged.beginPass();
            }
            RmapItem item = scan.next();
            if (item == null) {
                merged.stable().prune();
                counters.fullScans++;
                return;
            }
            merged.merge(item, scan.page());
            scan.putPage();
            counters.pagesScanned++;
        }
    }

    /// How many mappings a merged page may have; contents with more get a second page.
    ///
    /// @kernel /sys/kernel/mm/ksm/max_page_sharing
    public void setMaxPageSharing(int max) {
        if (max < 2) {
            throw new IllegalArgumentException("max_page_sharing: value=" + max + ", limit=2");
        }
        passes.lock();
        merged.setMappingsMax(max);
        passes.unlock();
    }

    /// Whether pages of zeros are replaced by the zero page; off at first.
    ///
    /// @kernel /sys/kernel/mm/ksm/use_zero_pages
    public void setUseZeroPages(boolean use) {
        passes.lock();
        merged.setUsesZeroPages(use);
        passes.unlock();
    }

    /// Whether pages that had no equal for several passes are looked at less and less often; so at
    /// first. Two such pages meet in a pass only by chance.
    ///
    /// @kernel /sys/kernel/mm/ksm/smart_scan
    public void setSmartScan(boolean smart) {
        passes.lock();
        scan.setSmart(smart);
        passes.unlock();
    }

    /// What it has done, and what is merged now.
    public KsmStatistics statistics() {
        long zeroPages = KsmZeroPages.count(machine, machine.processes());
        passes.lock();
        try {
            long known = counters.pagesShared + counters.pagesSharing + counters.pagesUnshared;
            return new KsmStatistics(
                    counters.pagesShared,
                    counters.pagesSharing,
                    counters.pagesUnshared,
                    Math.max(0, scan.itemCount() - known),
                    counters.pagesScanned,
                    counters.pagesSkipped,
                    zeroPages,
                    counters.fullScans,
                    merged.stable().chainCount(),
                    merged.stable().dupCount());
        } finally {
            passes.unlock();
        }
    }
}
