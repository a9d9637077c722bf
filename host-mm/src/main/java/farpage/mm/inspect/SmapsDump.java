package farpage.mm.inspect;

import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.hugememory.HugePages;
import farpage.mm.memory.FolioTable;

/// The VMAs of a process with what is in them, in the layout of `/proc/PID/smaps`.
///
/// @kernel fs/proc/task_mmu.c: show_smap
public final class SmapsDump {
    private SmapsDump() {}

    /// All VMAs in address order. Takes the mmap lock for reading.
    public static String text(Mm mm) {
        StringBuilder text = new StringBuilder();
        mm.lockRead();
        try {
            for (Vma vma : mm.vmas()) {
                append(text, vma);
            }
        } finally {
            mm.unlockRead();
        }
        return text.toString();
    }

    private static void append(StringBuilder text, Vma vma) {
        text.append(VmaHeader.line(vma)).append('\n');
        SmapsCounts.line(text, "Size", vma.end() - vma.start());
        long pageSize = vma.isHugetlb() ? PageSize.PMD_SIZE : PageSize.PAGE_SIZE;
        SmapsCounts.line(text, "KernelPageSize", pageSize);
        SmapsCounts.line(text, "MMUPageSize", pageSize);
        SmapsCounts.of(vma).appendTo(text);
        text.append(String.format("THPeligible:    %8d\n", isEligible(vma) ? 1 : 0));
        text.append("VmFlags: ").append(VmFlagNames.describe(vma.flags())).append('\n');
    }

    /// Whether a large folio of a size in use fits somewhere in the VMA.
    ///
    /// @kernel include/linux/huge_mm.h: thp_vma_allowable_orders with TVA_SMAPS
    private static boolean isEligible(Vma vma) {
        HugePages hugePages = vma.mm().machine().hugePages();
        for (int order = PageSize.HPAGE_PMD_ORDER; order >= FolioTable.LARGE_ORDER_MIN; order--) {
            long last = vma.end() - PageSize.pageAddress(1L << order);
            if (hugePages.isAllowed(vma, order) && HugePages.isSuitable(vma, last, order)) {
                return true;
            }
        }
        return false;
    }
}
