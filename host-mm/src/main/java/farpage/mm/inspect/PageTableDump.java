package farpage.mm.inspect;

import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// The page table of a process as text: neighbouring entries whose bits are equal, and whose pages
/// follow each other, share a line.
///
/// ```
/// 7f0000000000-7f0000004000 PRESENT rw young dirty pfn 12 (4 pages)
/// 7f0000200000-7f0000400000 PRESENT rw young dirty pfn 512 (huge)
/// ```
///
/// @kernel mm/ptdump.c
public final class PageTableDump {
    private static final long END = PageSize.TASK_SIZE + PageSize.PAGE_SIZE;

    private final StringBuilder text = new StringBuilder();
    private long runStart;
    private long runEntry = PageTableEntry.NONE;
    private int runPages;

    private PageTableDump() {}

    /// All entries that are not NONE. Takes the mmap lock for reading.
    public static String text(Mm mm) {
        mm.lockRead();
        try {
            return new PageTableDump().walk(mm.pageTable());
        } finally {
            mm.unlockRead();
        }
    }

    private String walk(PageTable pageTable) {
        for (long at = pageTable.nextMapped(0, END); at < END; ) {
            long leafStart = PageSize.alignDownPmd(at);
            PageTableLeaf leaf = pageTable.lookupLeaf(leafStart);
            assert leaf != null;
            long pmd = leaf.pmdAcquire();
            if (PageTableEntry.isNone(pmd)) {
                for (int slot = 0; slot < PageSize.ENTRIES_PER_TABLE; slot++) {
                    add(leafStart + PageSize.pageAddress(slot), leaf.entryAcquire(slot));
                }
            } else {
                endRun();
                append(leafStart, leafStart + PageSize.PMD_SIZE, pmd, "huge");
            }
            at = pageTable.nextMapped(leafStart + PageSize.PMD_SIZE, END);
        }
        endRun();
        return text.toString();
    }

    private void add(long address, long entry) {
        if (!continuesRun(address, entry)) {
            endRun();
            runStart = address;
            runEntry = entry;
        }
        runPages++;
    }

    /// Whether the entry is what follows in the run: with the page after the last one, or, for
    /// entries without a page of their own, the same word.
    private boolean continuesRun(long address, long entry) {
        if (runPages == 0 || address != runStart + PageSize.pageAddress(runPages)) {
            return false;
        }
        boolean counted = PageTableEntry.hasPage(runEntry) && !PageTableEntry.isSpecial(runEntry);
        return entry == (counted ? PageTableEntry.following(runEntry, runPages) : runEntry);
    }

    private void endRun() {
        if (runPages > 0 && !PageTableEntry.isNone(runEntry)) {
            append(
                    runStart,
                    runStart + PageSize.pageAddress(runPages),
                    runEntry,
                    runPages == 1 ? "1 page" : runPages + " pages");
        }
        runPages = 0;
        runEntry = PageTableEntry.NONE;
    }

    private void append(long start, long end, long entry, String extent) {
        text.append(
                String.format(
                        "%012x-%012x %s (%s)%n",
                        start, end, PageTableEntry.describe(entry), extent));
    }
}
