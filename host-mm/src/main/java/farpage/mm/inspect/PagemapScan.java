package farpage.mm.inspect;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTableEntry;
import java.util.ArrayList;
import java.util.List;

/// The search of the PAGEMAP_SCAN call: the ranges of pages whose categories match. A page on a
/// device is SWAPPED, not PRESENT.
///
/// @kernel fs/proc/task_mmu.c: do_pagemap_scan; include/uapi/linux/fs.h: struct pm_scan_arg
public final class PagemapScan {
    public static final int WPALLOWED = 0x1;
    public static final int WRITTEN = 0x2;
    public static final int FILE = 0x4;
    public static final int PRESENT = 0x8;
    public static final int SWAPPED = 0x10;
    public static final int PFNZERO = 0x20;
    public static final int HUGE = 0x40;
    public static final int SOFT_DIRTY = 0x80;
    public static final int GUARD = 0x100;

    /// Which pages match, and what is told of them.
    ///
    /// @param inverted categories that count as set where they are not
    /// @param all categories that a page must have, all of them
    /// @param any categories of which it must have one; 0 for no such demand
    /// @param returned categories that are told
    /// @kernel include/uapi/linux/fs.h: struct pm_scan_arg
    public record Query(int inverted, int all, int any, int returned) {}

    /// Pages in a row with the same categories.
    ///
    /// @kernel include/uapi/linux/fs.h: struct page_region
    public record Region(long start, long end, int categories) {}

    private final Query query;
    private final List<Region> regions = new ArrayList<>();

    private PagemapScan(Query query) {
        this.query = query;
    }

    /// The matching pages of `[start, end)`. Takes the mmap lock for reading.
    public static List<Region> scan(Mm mm, long start, long end, Query query) {
        PagemapScan scan = new PagemapScan(query);
        mm.lockRead();
        try {
            for (Vma vma = mm.lookupVmaFrom(start);
                    vma != null && vma.start() < end;
                    vma = mm.lookupVmaFrom(vma.end())) {
                PageWalk.walk(
                        vma,
                        Math.max(start, vma.start()),
                        Math.min(end, vma.end()),
                        scan.new Scanned(vma));
            }
        } finally {
            mm.unlockRead();
        }
        return List.copyOf(scan.regions);
    }

    /// A VMA that is being scanned.
    private final class Scanned implements PageWalk.Visitor {
        private final Vma vma;

        Scanned(Vma vma) {
            this.vma = vma;
        }

        @Override
        public void visit(long address, long entry) {
            add(address, categories(vma, entry));
        }

        @Override
        public void visitHuge(long start, long end, long word) {
            int categories = HUGE | categories(vma, word);
            for (long address = start; address < end; address += PageSize.PAGE_SIZE) {
                add(address, categories);
            }
        }
    }

    private void add(long address, int categories) {
        int tested = categories ^ query.inverted;
        if ((tested & query.all) != query.all || query.any != 0 && (tested & query.any) == 0) {
            return;
        }
        int told = categories & query.returned;
        Region last = regions.isEmpty() ? null : regions.getLast();
        if (last != null && last.end == address && last.categories == told) {
            regions.removeLast();
            regions.add(new Region(last.start, address + PageSize.PAGE_SIZE, told));
        } else {
            regions.add(new Region(address, address + PageSize.PAGE_SIZE, told));
        }
    }

    /// The categories of one page.
    ///
    /// @kernel fs/proc/task_mmu.c: pagemap_page_category
    static int categories(Vma vma, long entry) {
        Machine machine = vma.mm().machine();
        int categories = (vma.flags() & VmFlags.SOFTDIRTY) != 0 ? SOFT_DIRTY : 0;
        categories |= (vma.flags() & VmFlags.UFFD_WP) != 0 ? WPALLOWED : 0;
        if (PageTableEntry.isNone(entry)) {
            return categories;
        }
        categories |= PageTableEntry.isPresent(entry) ? PRESENT : SWAPPED;
        categories |= PageTableEntry.isSoftDirty(entry) ? SOFT_DIRTY : 0;
        categories |= isWriteProtected(entry) ? 0 : WRITTEN;
        if (PageTableEntry.isSpecial(entry)) {
            boolean zero = machine.isZeroPage(PageTableEntry.page(entry));
            return zero ? categories | PFNZERO : categories;
        }
        if (PageTableEntry.isMarker(entry)) {
            boolean guard = (PageTableEntry.marks(entry) & PageTableEntry.MARK_GUARD) != 0;
            return guard ? categories | GUARD : categories;
        }
        long page = MappedPage.of(entry);
        boolean file = page != Page.NONE && !MappedPage.isAnonymous(machine, page);
        return file ? categories | FILE : categories;
    }

    private static boolean isWriteProtected(long entry) {
        return PageTableEntry.isUffdWp(entry)
                || PageTableEntry.isMarker(entry)
                        && (PageTableEntry.marks(entry) & PageTableEntry.MARK_UFFD_WP) != 0;
    }
}
