package farpage.mm.inspect;

import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;

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
        text.append(String.format("THPeligible:    %8d\n", 0));
        text.append("VmFlags: ").append(VmFlagNames.describe(vma.flags())).append('\n');
    }
}
