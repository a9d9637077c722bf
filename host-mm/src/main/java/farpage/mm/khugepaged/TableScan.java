package farpage.mm.khugepaged;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import org.jspecify.annotations.Nullable;

/// One look at the 512 entries of a table, to see whether they are worth an attempt. Nothing is
/// changed, so what it finds may be otherwise when the attempt is made, and is then asked again.
///
/// @kernel mm/khugepaged.c: hpage_collapse_scan_pmd
final class TableScan {
    private final Machine machine;
    private final FolioTable folios;
    private final Vma vma;
    private final CollapseLimits limits;

    private int noneOrZero;
    private int unmapped;
    private int shared;
    private int referenced;

    TableScan(Vma vma, CollapseLimits limits) {
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.vma = vma;
        this.limits = limits;
    }

    /// What stands in the place of a table. The leaf is locked, if there is one.
    ///
    /// @return SUCCEED for a table
    /// @kernel mm/khugepaged.c: find_pmd_or_thp_or_none
    static ScanResult levelLocked(@Nullable PageTableLeaf leaf) {
        if (leaf == null || leaf.isEmptyLocked()) {
            return ScanResult.NO_PTE_TABLE;
        }
        if (!leaf.isHugeLocked()) {
            return ScanResult.SUCCEED;
        }
        return PageTableEntry.isDevicePrivate(leaf.pmdLocked())
                ? ScanResult.NO_PTE_TABLE
                : ScanResult.PMD_MAPPED;
    }

    /// Whether a page of the table must be brought in first.
    boolean hasUnmapped() {
        return unmapped > 0;
    }

    /// The mmap lock is held.
    ScanResult look(long address) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null) {
            return ScanResult.NO_PTE_TABLE;
        }
        leaf.lock();
        ScanResult result = levelLocked(leaf);
        for (int slot = 0;
                slot < PageSize.ENTRIES_PER_TABLE && result == ScanResult.SUCCEED;
                slot++) {
            result = lookLocked(leaf.entryLocked(slot));
        }
        leaf.unlock();
        return result == ScanResult.SUCCEED ? verdict() : result;
    }

    private ScanResult verdict() {
        boolean lacking =
                limits.sparing()
                        && (referenced == 0
                                || unmapped > 0 && referenced < PageSize.ENTRIES_PER_TABLE / 2);
        return lacking ? ScanResult.LACK_REFERENCED_PAGE : ScanResult.SUCCEED;
    }

    private ScanResult lookLocked(long entry) {
        if (isNoneOrZero(machine, entry)) {
            noneOrZero++;
            return exceedsNone(vma, limits, noneOrZero)
                    ? ScanResult.EXCEED_NONE_PTE
                    : ScanResult.SUCCEED;
        }
        if (!PageTableEntry.isPresent(entry)) {
            unmapped++;
            if (unmapped > limits.maxPtesSwap()) {
                return ScanResult.EXCEED_SWAP_PTE;
            }
            return isUffdWp(entry) ? ScanResult.PTE_UFFD_WP : ScanResult.SUCCEED;
        }
        if (isUffdWp(entry)) {
            return ScanResult.PTE_UFFD_WP;
        }
        return lookAtPage(entry);
    }

    private ScanResult lookAtPage(long entry) {
        long page = PageTableEntry.page(entry);
        if (!isOrdinary(entry)) {
            return ScanResult.PAGE_NULL;
        }
        if (!folios.isAnonymous(page)) {
            return ScanResult.PAGE_ANON;
        }
        if (folios.pageMapCount(page) > 1 && ++shared > limits.maxPtesShared()) {
            return ScanResult.EXCEED_SHARED_PTE;
        }
        if (!folios.hasFlag(page, FolioFlags.LRU)) {
            return ScanResult.PAGE_LRU;
        }
        if (folios.isLocked(page)) {
            return ScanResult.PAGE_LOCK;
        }
        if (!isHeldByMappingsOnly(folios, page)) {
            return ScanResult.PAGE_COUNT;
        }
        if (isReferenced(folios, entry)) {
            referenced++;
        }
        return ScanResult.SUCCEED;
    }

    /// @kernel mm/khugepaged.c: pte_none_or_zero
    static boolean isNoneOrZero(Machine machine, long entry) {
        return PageTableEntry.isNone(entry)
                || PageTableEntry.isPresent(entry)
                        && machine.isZeroPage(PageTableEntry.page(entry));
    }

    /// Whoever is asked about the first access to a page must not find it there unasked.
    static boolean exceedsNone(Vma vma, CollapseLimits limits, int noneOrZero) {
        return (vma.flags() & VmFlags.UFFD) != 0 || noneOrZero > limits.maxPtesNone();
    }

    static boolean isUffdWp(long entry) {
        return PageTableEntry.isUffdWp(entry)
                || PageTableEntry.isMarker(entry)
                        && (PageTableEntry.marks(entry) & PageTableEntry.MARK_UFFD_WP) != 0;
    }

    /// Not so a driver's page, nor one on a device that CPUs reach: who put it there decides when
    /// it comes back.
    static boolean isOrdinary(long entry) {
        return !PageTableEntry.isSpecial(entry) && !Page.isDevice(PageTableEntry.page(entry));
    }

    /// Whether all references are those of mappings and of the swap cache.
    ///
    /// @kernel include/linux/mm.h: folio_expected_ref_count
    static boolean isHeldByMappingsOnly(FolioTable folios, long page) {
        int cached = folios.hasFlag(page, FolioFlags.SWAPCACHE) ? folios.pageCount(page) : 0;
        return folios.refCount(page) == folios.mapCount(page) + cached;
    }

    static boolean isReferenced(FolioTable folios, long entry) {
        return PageTableEntry.isYoung(entry)
                || folios.hasFlag(
                        PageTableEntry.page(entry), FolioFlags.YOUNG | FolioFlags.REFERENCED);
    }
}
