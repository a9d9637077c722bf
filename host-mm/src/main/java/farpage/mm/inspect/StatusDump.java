package farpage.mm.inspect;

import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmFlags;
import farpage.mm.Vma;

/// The memory lines of `/proc/PID/status`. Pages on devices are in `RssAnon` as if they were here.
///
/// @kernel fs/proc/task_mmu.c: task_mem
public final class StatusDump {
    private StatusDump() {}

    /// Takes the mmap lock for reading.
    public static String text(Mm mm) {
        long mapped = 0;
        long locked = 0;
        mm.lockRead();
        try {
            for (Vma vma : mm.vmas()) {
                mapped += vma.pageCount();
                locked += (vma.flags() & VmFlags.LOCKED) != 0 ? vma.pageCount() : 0;
            }
        } finally {
            mm.unlockRead();
        }
        long anonymous = mm.rss(RssCounter.ANON);
        long file = mm.rss(RssCounter.FILE);
        long shmem = mm.rss(RssCounter.SHMEM);
        StringBuilder text = new StringBuilder();
        line(text, "VmSize", mapped);
        line(text, "VmLck", locked);
        line(text, "VmRSS", anonymous + file + shmem);
        line(text, "RssAnon", anonymous);
        line(text, "RssFile", file);
        line(text, "RssShmem", shmem);
        line(text, "VmPTE", mm.pageTable().tableCount());
        line(text, "VmSwap", mm.rss(RssCounter.SWAP_ENTRIES));
        line(text, "HugetlbPages", mm.hugetlbPageCount() << PageSize.HPAGE_PMD_ORDER);
        return text.toString();
    }

    private static void line(StringBuilder text, String name, long pages) {
        text.append(String.format("%s:\t%8d kB\n", name, PageSize.pageAddress(pages) >> 10));
    }
}
