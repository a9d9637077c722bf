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
                walk(
                        vma,
                        Math.max(start, vma.start()),
                        Math.min(end, vma.end()),
                        showsFrames,
                        (address, word) ->
                                words[(int) PageSize.pageNumber(address - start)] = word);
            }
        } finally {
            mm.unlockRead();
        }
        return Errno.OK;
    }

    /// What is given the words of pages in a row.
    @FunctionalInterface
    private interface Words {
        void add(long address, long word);
    }

    private static void walk(Vma vma, long start, long end, boolean showsFrames, Words words) {
        PageWalk.Visitor visitor =
                new PageWalk.Visitor() {
                    @Override
                    public void visit(long address, long entry) {
                        words.add(address, PagemapWord.of(vma, entry, showsFrames));
                    }

                    @Override
                    public void visitHuge(long from, long to, long pmd) {
                        for (long at = from; at < to; at += PageSize.PAGE_SIZE) {
                            words.add(at, PagemapWord.ofHuge(vma, pmd, at, showsFrames));
                        }
                    }
                };
        PageWalk.walk(vma, start, end, visitor);
    }

    /// All pages that are mapped, swapped or soft-dirty. Takes the mmap lock for reading.
    public static String text(Mm mm) {
        PagemapDump dump = new PagemapDump();
        mm.lockRead();
        try {
            for (Vma vma : mm.vmas()) {
                walk(vma, vma.start(), vma.end(), true, dump::add);
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
