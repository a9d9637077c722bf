package farpage.mm.inspect;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import java.util.Arrays;

/// The words of `/proc/PID/pagemap`, as they are and as text: pages whose words are equal but for
/// frames that follow each other share a line, which shows the first one's word.
///
/// ```
/// 1000000000-1000003000 8180000000000123 present pfn 291 exclusive soft-dirty (3 pages)
/// ```
///
/// @kernel fs/proc/task_mmu.c: pagemap_read
public final class PagemapDump {
    private final StringBuilder text = new StringBuilder();
    private long runStart;
    private long runWord;
    private int runPages;

    private PagemapDump() {}

    /// The words of pages in a row; 0 where nothing is mapped. Takes the mmap lock for reading.
    ///
    /// @param showsFrames whether the reader has CAP_SYS_ADMIN
    /// @return EINVAL for a start that is no page boundary
    public static Errno read(Mm mm, long start, long[] words, boolean showsFrames) {
        if (!PageSize.isAligned(start)) {
            return Errno.EINVAL;
        }
        long end = start + PageSize.pageAddress(words.length);
        Arrays.fill(words, 0);
        mm.lockRead();
        try {
            for (Vma vma = mm.lookupVmaFrom(start);
                    vma != null && vma.start() < end;
                    vma = mm.lookupVmaFrom(vma.end())) {
                Vma shown = vma;
                PageWalk.walk(
                        vma,
                        Math.max(start, vma.start()),
                        Math.min(end, vma.end()),
                        (address, entry) ->
                                words[(int) PageSize.pageNumber(address - start)] =
                                        PagemapWord.of(shown, entry, showsFrames));
            }
        } finally {
            mm.unlockRead();
        }
        return Errno.OK;
    }

    /// All pages that are mapped, swapped or soft-dirty. Takes the mmap lock for reading.
    public static String text(Mm mm) {
        PagemapDump dump = new PagemapDump();
        mm.lockRead();
        try {
            for (Vma vma : mm.vmas()) {
                PageWalk.walk(
                        vma,
                        vma.start(),
                        vma.end(),
                        (address, entry) -> dump.add(address, PagemapWord.of(vma, entry, true)));
            }
        } finally {
            mm.unlockRead();
        }
        dump.endRun();
        return dump.text.toString();
    }

    private void add(long address, long word) {
        if (runPages == 0
                || address != runStart + PageSize.pageAddress(runPages)
                || word != PagemapWord.following(runWord, runPages)) {
            endRun();
            runStart = address;
            runWord = word;
        }
        runPages++;
    }

    private void endRun() {
        if (runPages > 0 && runWord != 0) {
            text.append(
                    String.format(
                            "%08x-%08x %016x %s (%d %s)\n",
                            runStart,
                            runStart + PageSize.pageAddress(runPages),
                            runWord,
                            PagemapWord.describe(runWord),
                            runPages,
                            runPages == 1 ? "page" : "pages"));
        }
        runPages = 0;
    }
}
