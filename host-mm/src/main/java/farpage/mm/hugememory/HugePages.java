package farpage.mm.hugememory;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioOrders;
import farpage.mm.memory.FolioTable;
import farpage.mm.mempolicy.Mempolicy;
import farpage.mm.pagetable.PageTableLeaf;
import java.util.Collections;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReferenceArray;

/// Which sizes of folio anonymous memory is made of, and the huge zero page.
///
/// At first as many systems have it: 2 MiB where a VMA asks for it by `MADV_HUGEPAGE`, no other
/// size.
///
/// @kernel mm/huge_memory.c; Documentation/admin-guide/mm/transhuge.rst: hugepages-SIZEkB/enabled
public final class HugePages {
    /// When folios of one size are used.
    ///
    /// @kernel mm/huge_memory.c: TRANSPARENT_HUGEPAGE_FLAG, TRANSPARENT_HUGEPAGE_REQ_MADV_FLAG
    public enum Enabled {
        NEVER,
        /// Where the VMA asks for it.
        MADVISE,
        ALWAYS
    }

    private static final int NO_HUGE_PAGE = VmFlags.NOHUGEPAGE | VmFlags.SPECIAL | VmFlags.HUGETLB;

    private final Machine machine;
    private final AtomicReferenceArray<Enabled> enabled;
    private final HugePageCounters counters = new HugePageCounters();
    private final DeferredSplit deferredSplit;
    private volatile boolean usesZeroPage = true;
    private final AtomicLong zeroPage = new AtomicLong(Page.NONE);

    /// For the machine that makes it.
    public HugePages(Machine machine) {
        this.machine = machine;
        deferredSplit = new DeferredSplit(machine);
        enabled =
                new AtomicReferenceArray<>(
                        Collections.nCopies(PageSize.HPAGE_PMD_ORDER + 1, Enabled.NEVER)
                                .toArray(Enabled[]::new));
        setEnabled(PageSize.HPAGE_PMD_ORDER, Enabled.MADVISE);
    }

    private static void requireLarge(int order) {
        if (order < FolioTable.LARGE_ORDER_MIN || order > PageSize.HPAGE_PMD_ORDER) {
            throw new IllegalArgumentException(
                    "order: value="
                            + order
                            + ", limit="
                            + FolioTable.LARGE_ORDER_MIN
                            + " to "
                            + PageSize.HPAGE_PMD_ORDER);
        }
    }

    public void setEnabled(int order, Enabled when) {
        requireLarge(order);
        enabled.set(order, when);
    }

    /// Has folios of these orders used wherever they fit, and no others.
    public void useAlways(FolioOrders orders) {
        for (int order = FolioTable.LARGE_ORDER_MIN; order <= PageSize.HPAGE_PMD_ORDER; order++) {
            setEnabled(order, orders.contains(order) ? Enabled.ALWAYS : Enabled.NEVER);
        }
    }

    public Enabled enabled(int order) {
        requireLarge(order);
        return enabled.get(order);
    }

    /// Whether a read of untouched memory maps the huge zero page.
    ///
    /// @kernel mm/huge_memory.c: use_zero_page
    public void setUsesZeroPage(boolean uses) {
        usesZeroPage = uses;
    }

    /// What was allocated, split and had to be done in smaller pieces.
    public HugePageCounters counters() {
        return counters;
    }

    /// Folios that are to be split when memory is short.
    public DeferredSplit deferredSplit() {
        return deferredSplit;
    }

    /// Whether a VMA's memory may be made of folios of an order at all.
    ///
    /// @kernel include/linux/huge_mm.h: thp_vma_allowable_order, without the check of the place
    public boolean isAllowed(Vma vma, int order) {
        if (!isAllowedWhenForced(vma)) {
            return false;
        }
        Enabled when = enabled.get(order);
        return when == Enabled.ALWAYS
                || when == Enabled.MADVISE && (vma.flags() & VmFlags.HUGEPAGE) != 0;
    }

    /// Whether a VMA's memory may be made of large folios where the process asks for just that,
    /// whatever is in use.
    ///
    /// @kernel include/linux/huge_mm.h: TVA_FORCED_COLLAPSE
    public static boolean isAllowedWhenForced(Vma vma) {
        return vma.isAnonymous() && (vma.flags() & NO_HUGE_PAGE) == 0;
    }

    /// Whether the naturally aligned folio that holds an address lies in the VMA, and its memory
    /// may be made of such.
    ///
    /// @kernel include/linux/huge_mm.h: thp_vma_suitable_order
    public boolean isAllowedAt(Vma vma, long address, int order) {
        return isAllowed(vma, order) && isSuitable(vma, address, order);
    }

    /// Whether the naturally aligned folio that holds an address lies in the VMA.
    ///
    /// @kernel include/linux/huge_mm.h: thp_vma_suitable_order
    public static boolean isSuitable(Vma vma, long address, int order) {
        long size = PageSize.pageAddress(1L << order);
        long start = address & -size;
        return start >= vma.start() && start + size <= vma.end();
    }

    /// A large folio for a VMA. Where the VMA asks for such, others are reclaimed if need be; else
    /// smaller ones will do. The caller holds nothing inner than a folio lock.
    ///
    /// @return [Page#NONE] if there is none
    /// @kernel mm/huge_memory.c: vma_thp_gfp_mask with defrag=madvise
    public long allocate(Vma vma, int order) {
        Mempolicy policy = vma.effectiveMempolicy();
        if (policy != null) {
            return machine.tryAllocateFolio(order, policy.zonelist(machine.numa()));
        }
        return (vma.flags() & VmFlags.HUGEPAGE) != 0
                ? machine.allocateLargeFolio(order)
                : machine.tryAllocateFolio(order);
    }

    /// A folio of zeros for a fault, charged; else the reason is counted.
    ///
    /// @return [Page#NONE] if memory is out or too scattered, or the limit of the cgroup is met
    /// @kernel mm/huge_memory.c: vma_alloc_anon_folio_pmd; mm/memory.c: alloc_anon_folio
    public long allocateForFault(Vma vma, int order) {
        long page = allocate(vma, order);
        if (page == Page.NONE) {
            counters.countFallback(order);
            return Page.NONE;
        }
        if (!machine.memcgs().charge(page, vma.mm().memcg())) {
            machine.put(page);
            counters.countFallback(order);
            counters.countFallbackCharge(order);
            return Page.NONE;
        }
        machine.ram().zero(page, order);
        return page;
    }

    /// Pages of a range that huge entries map, or could map because nothing is there yet: a hint,
    /// since it may change at any time. Nothing is held.
    public static long hugePageCount(Mm mm, long start, long end) {
        long pageCount = 0;
        mm.lockRead();
        try {
            long at = PageSize.alignDownPmd(start + PageSize.PMD_SIZE - 1);
            for (; at + PageSize.PMD_SIZE <= end; at += PageSize.PMD_SIZE) {
                PageTableLeaf leaf = mm.pageTable().lookupLeaf(at);
                if (leaf == null || leaf.isHugeAcquire() || leaf.isEmptyAcquire()) {
                    pageCount += PageSize.ENTRIES_PER_TABLE;
                }
            }
        } finally {
            mm.unlockRead();
        }
        return pageCount;
    }

    /// The highest order below the PMD's that is in use for a VMA; 0 if none is.
    public int highestSmallOrder(Vma vma) {
        for (int order = PageSize.HPAGE_PMD_ORDER - 1;
                order >= FolioTable.LARGE_ORDER_MIN;
                order--) {
            if (isAllowed(vma, order)) {
                return order;
            }
        }
        return 0;
    }

    /// The head of 2 MiB of zeros, made when it is first needed; [Page#NONE] if reads get small
    /// zero pages or there is no memory for it. It stays.
    ///
    /// @kernel mm/huge_memory.c: mm_get_huge_zero_folio
    long zeroPageOrNone() {
        if (!usesZeroPage) {
            return Page.NONE;
        }
        long present = zeroPage.get();
        return present != Page.NONE ? present : newZeroPage();
    }

    /// Of several faults that come first at once, one makes it.
    private long newZeroPage() {
        long page = machine.tryAllocateFolio(PageSize.HPAGE_PMD_ORDER);
        if (page == Page.NONE) {
            counters.count(HugePageCounters.Event.ZERO_PAGE_ALLOC_FAILED);
            return Page.NONE;
        }
        machine.ram().zero(page, PageSize.HPAGE_PMD_ORDER);
        machine.folios().setFlag(page, FolioFlags.RESERVED | FolioFlags.UPTODATE);
        counters.count(HugePageCounters.Event.ZERO_PAGE_ALLOC);
        long winner = zeroPage.compareAndExchange(Page.NONE, page);
        if (winner == Page.NONE) {
            return page;
        }
        machine.put(page);
        return winner;
    }

    /// Frames that the huge zero page takes.
    public int zeroPageFrames() {
        return zeroPage.get() == Page.NONE ? 0 : PageSize.ENTRIES_PER_TABLE;
    }

    /// Whether a page is part of the huge zero page.
    ///
    /// @kernel include/linux/huge_mm.h: is_huge_zero_pfn
    public boolean isZeroPage(long page) {
        long head = zeroPage.get();
        return head != Page.NONE && page >= head && page < head + PageSize.ENTRIES_PER_TABLE;
    }
}
