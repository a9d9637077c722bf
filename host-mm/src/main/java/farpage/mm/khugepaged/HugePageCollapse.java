package farpage.mm.khugepaged;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.fault.PageFaultHandler;
import farpage.mm.hugememory.HugeFault;
import farpage.mm.hugememory.HugePageCounters;
import farpage.mm.hugememory.HugePages;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import org.jspecify.annotations.Nullable;

/// The collapse of 2 MiB of one process. It begins under the mmap lock held for reading, which it
/// gives up if it goes beyond the first look; what the lock kept in place is looked up again each
/// time. The collapse itself needs the lock for writing, so that nobody faults there.
///
/// @kernel mm/khugepaged.c: collapse_huge_page
final class HugePageCollapse {
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;

    private final Mm mm;
    private final Machine machine;
    private final long address;
    private final CollapseLimits limits;
    private boolean gaveUpLock;

    /// @param address where the 2 MiB begin
    HugePageCollapse(Mm mm, long address, CollapseLimits limits) {
        assert PageSize.alignDownPmd(address) == address;
        this.mm = mm;
        this.machine = mm.machine();
        this.address = address;
        this.limits = limits;
    }

    /// Whether memory of this VMA may be collapsed.
    ///
    /// @kernel include/linux/huge_mm.h: TVA_KHUGEPAGED, TVA_FORCED_COLLAPSE
    static boolean isAllowed(Vma vma, CollapseLimits limits) {
        HugePages hugePages = vma.mm().machine().hugePages();
        boolean advised =
                limits.sparing()
                        ? hugePages.isAllowed(vma, ORDER)
                        : HugePages.isAllowedWhenForced(vma);
        long last = PageSize.alignDownPmd(vma.end()) - PageSize.PMD_SIZE;
        return advised && last >= vma.start() && vma.anonVma() != null;
    }

    /// Whether a place that was found under an earlier mmap lock may still be collapsed.
    ///
    /// @param vma the one that holds the address now
    /// @return SUCCEED if so
    /// @kernel mm/khugepaged.c: hugepage_vma_revalidate
    static ScanResult revalidate(@Nullable Vma vma, Mm mm, long address, CollapseLimits limits) {
        if (mm.isExited() || vma == null || !HugePages.isSuitable(vma, address, ORDER)) {
            return ScanResult.ADDRESS_RANGE;
        }
        return isAllowed(vma, limits) ? ScanResult.SUCCEED : ScanResult.VMA_CHECK;
    }

    /// Looks, and collapses if that promises something. The mmap lock is held for reading.
    ScanResult attempt(Vma vma) {
        TableScan scan = new TableScan(vma, limits);
        ScanResult result = scan.look(address);
        if (result != ScanResult.SUCCEED) {
            return result;
        }
        mm.unlockRead();
        gaveUpLock = true;
        return collapse(scan.hasUnmapped());
    }

    /// Whether the mmap lock is no longer held.
    boolean gaveUpLock() {
        return gaveUpLock;
    }

    private ScanResult collapse(boolean hasUnmapped) {
        long page = machine.allocateLargeFolio(ORDER);
        HugePageCounters counters = machine.hugePages().counters();
        if (page == Page.NONE) {
            counters.count(HugePageCounters.Event.COLLAPSE_ALLOC_FAILED);
            return ScanResult.ALLOC_HUGE_PAGE_FAIL;
        }
        counters.count(HugePageCounters.Event.COLLAPSE_ALLOC);
        ScanResult result = ScanResult.CGROUP_CHARGE_FAIL;
        if (machine.memcgs().charge(page, mm.memcg())) {
            result = hasUnmapped ? bringIn() : ScanResult.SUCCEED;
            if (result == ScanResult.SUCCEED) {
                result = collapseInto(page);
            }
        }
        if (result != ScanResult.SUCCEED) {
            machine.put(page);
        }
        return result;
    }

    /// Has every page that is not mapped brought in as a load would.
    ///
    /// @kernel mm/khugepaged.c: __collapse_huge_page_swapin
    private ScanResult bringIn() {
        mm.lockRead();
        try {
            Vma vma = mm.lookupVma(address);
            ScanResult result = revalidate(vma, mm, address, limits);
            for (int i = 0; i < PageSize.ENTRIES_PER_TABLE && result == ScanResult.SUCCEED; i++) {
                assert vma != null;
                long at = address + PageSize.pageAddress(i);
                if (PageFaultHandler.bringIn(vma, at).isError()) {
                    result = ScanResult.FAIL;
                }
            }
            return result;
        } finally {
            mm.unlockRead();
        }
    }

    private ScanResult collapseInto(long page) {
        mm.lockWrite();
        try {
            Vma vma = mm.lookupVma(address);
            ScanResult result = revalidate(vma, mm, address, limits);
            if (result != ScanResult.SUCCEED) {
                return result;
            }
            assert vma != null;
            MmuNotifierRange range =
                    MmuNotifierRange.of(
                            MmuNotifierRange.Event.CLEAR, address, address + PageSize.PMD_SIZE);
            boolean started = mm.notifiers().start(range);
            assert started;
            result = replaceTable(vma, page);
            mm.notifiers().end();
            return result;
        } finally {
            mm.unlockWrite();
        }
    }

    /// The leaf stays locked meanwhile, so that neither an access nor a reverse map walk nor a pin
    /// without the mmap lock comes between.
    private ScanResult replaceTable(Vma vma, long page) {
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
        AnonVma anonVma = vma.anonVma();
        assert anonVma != null;
        if (leaf == null) {
            return ScanResult.NO_PTE_TABLE;
        }
        leaf.lock();
        IsolatedPages pages = new IsolatedPages(vma, leaf, limits);
        ScanResult result = TableScan.levelLocked(leaf);
        if (result == ScanResult.SUCCEED) {
            result = pages.isolateLocked();
        }
        if (result == ScanResult.SUCCEED) {
            pages.moveLocked(page);
            leaf.clearTableLocked();
            HugeFault.mapFolioLocked(vma, leaf, address, page, anonVma);
        }
        leaf.unlock();
        pages.letGo();
        return result;
    }
}
