package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.swap.SwapEntry;

/// What `smaps` counts of one VMA, in bytes.
///
/// A page on a device counts as present, but its entry is never young or dirty: what the folio
/// knows decides. Of the other pages behind entries that are not present nobody can tell how many
/// map them; they count in full and as shared. What a huge mapping shows counts page by page where
/// others may map only some of the pages.
///
/// @kernel fs/proc/task_mmu.c: struct mem_size_stats, smaps_pte_entry, smaps_account
final class SmapsCounts implements PageWalk.Visitor {
    /// Proportional sizes are kept with this many bits below a byte.
    private static final int PSS_SHIFT = 12;

    private final Machine machine;
    private final FolioTable folios;
    private final boolean locked;

    private long resident;
    private long pss;
    private long pssDirty;
    private long pssLocked;
    private long sharedClean;
    private long sharedDirty;
    private long privateClean;
    private long privateDirty;
    private long referenced;
    private long anonymous;
    private long merged;
    private long lazyFree;
    private long anonHuge;
    private long sharedHugetlb;
    private long privateHugetlb;
    private long swap;
    private long swapPss;

    private SmapsCounts(Vma vma) {
        this.machine = vma.mm().machine();
        this.folios = machine.folios();
        this.locked = (vma.flags() & VmFlags.LOCKED) != 0;
    }

    /// Counts a VMA. The mmap lock is held.
    static SmapsCounts of(Vma vma) {
        SmapsCounts counts = new SmapsCounts(vma);
        if (vma.isHugetlb()) {
            counts.countHugetlb(vma);
            return counts;
        }
        PageWalk.walk(vma, vma.start(), vma.end(), counts);
        return counts;
    }

    @Override
    public void visit(long address, long entry) {
        if (PageTableEntry.isSwap(entry)) {
            countSwap(entry);
            return;
        }
        long page = MappedPage.of(entry);
        if (page != Page.NONE) {
            countPages(page, 1, entry);
        }
    }

    /// @kernel fs/proc/task_mmu.c: smaps_pmd_entry
    @Override
    public void visitHuge(long start, long end, long word) {
        long head = MappedPage.of(word);
        if (head != Page.NONE) {
            anonHuge += end - start;
            countPages(head, (int) PageSize.pageNumber(end - start), word);
        }
    }

    /// Pages of the pool are in no other size.
    ///
    /// @kernel fs/proc/task_mmu.c: smaps_hugetlb_range
    private void countHugetlb(Vma vma) {
        PageWalk.walk(
                vma,
                vma.start(),
                vma.end(),
                (address, entry) -> {
                    if (PageTableEntry.isNone(entry)) {
                        return;
                    }
                    boolean shared = folios.mapCount(PageTableEntry.page(entry)) > 1;
                    sharedHugetlb += shared ? PageSize.PAGE_SIZE : 0;
                    privateHugetlb += shared ? 0 : PageSize.PAGE_SIZE;
                });
    }

    private void countSwap(long entry) {
        int users = machine.swap().entryCount(SwapEntry.ofPageTableEntry(entry));
        swap += PageSize.PAGE_SIZE;
        swapPss += ((long) PageSize.PAGE_SIZE << PSS_SHIFT) / Math.max(1, users);
    }

    /// Pages in a row of one folio, behind one entry.
    private void countPages(long page, int pageCount, long entry) {
        int flags = folios.flags(page);
        long size = PageSize.pageAddress(pageCount);
        boolean present = PageTableEntry.isPresent(entry) || PageTableEntry.isDevicePrivate(entry);
        boolean young = PageTableEntry.isPresent(entry) && PageTableEntry.isYoung(entry);
        boolean dirty =
                (flags & FolioFlags.DIRTY) != 0
                        || PageTableEntry.isPresent(entry) && PageTableEntry.isDirty(entry);
        resident += size;
        if (MappedPage.isAnonymous(machine, page)) {
            anonymous += size;
            if ((flags & FolioFlags.SWAPBACKED) == 0 && !dirty) {
                lazyFree += size;
            }
        }
        if ((flags & FolioFlags.KSM) != 0) {
            merged += size;
        }
        if (young || (flags & (FolioFlags.YOUNG | FolioFlags.REFERENCED)) != 0) {
            referenced += size;
        }
        for (long one = page; one < page + pageCount; one++) {
            int mappings = present ? Math.max(1, folios.pageMapCount(one)) : 1;
            long proportion = ((long) PageSize.PAGE_SIZE << PSS_SHIFT) / mappings;
            share(proportion, dirty, present && mappings == 1);
        }
    }

    private void share(long proportion, boolean dirty, boolean exclusive) {
        pss += proportion;
        pssLocked += locked ? proportion : 0;
        pssDirty += dirty ? proportion : 0;
        if (dirty) {
            privateDirty += exclusive ? PageSize.PAGE_SIZE : 0;
            sharedDirty += exclusive ? 0 : PageSize.PAGE_SIZE;
        } else {
            privateClean += exclusive ? PageSize.PAGE_SIZE : 0;
            sharedClean += exclusive ? 0 : PageSize.PAGE_SIZE;
        }
    }

    /// The lines of `smaps` from `Rss` to `Locked`.
    ///
    /// @kernel fs/proc/task_mmu.c: __show_smap
    void appendTo(StringBuilder text) {
        line(text, "Rss", resident);
        line(text, "Pss", pss >> PSS_SHIFT);
        line(text, "Pss_Dirty", pssDirty >> PSS_SHIFT);
        line(text, "Shared_Clean", sharedClean);
        line(text, "Shared_Dirty", sharedDirty);
        line(text, "Private_Clean", privateClean);
        line(text, "Private_Dirty", privateDirty);
        line(text, "Referenced", referenced);
        line(text, "Anonymous", anonymous);
        line(text, "KSM", merged);
        line(text, "LazyFree", lazyFree);
        line(text, "AnonHugePages", anonHuge);
        // One entry maps no more than a base page of a file or of shared memory.
        line(text, "ShmemPmdMapped", 0);
        line(text, "FilePmdMapped", 0);
        line(text, "Shared_Hugetlb", sharedHugetlb);
        line(text, "Private_Hugetlb", privateHugetlb);
        line(text, "Swap", swap);
        line(text, "SwapPss", swapPss >> PSS_SHIFT);
        line(text, "Locked", pssLocked >> PSS_SHIFT);
    }

    /// One size, in whole kB, as the kernel pads it.
    static void line(StringBuilder text, String name, long bytes) {
        text.append(String.format("%-16s%8d kB\n", name + ":", bytes >> 10));
    }
}
