package farpage.mm.migrate;

import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import org.jspecify.annotations.Nullable;

/// Reads what a migration of scattered pages is about to change, and nothing else, so that the
/// cache lines come in side by side: the changes are atomic, and each of those waits for the one
/// before. It goes level by level, because each level says where the next one lies.
///
/// @kernel include/linux/prefetch.h: prefetchw
final class LookAhead {
    /// Pages of which one level is read before the next: what is read stays in the first-level
    /// cache until it is used.
    private static final int BATCH = 128;

    /// Where fewer than one page in so many takes part there is something to gain.
    private static final int SPARSE = 2;

    private final @Nullable PageTableLeaf[] leaves = new PageTableLeaf[BATCH];
    private final long[] words = new long[BATCH];

    /// Keeps what is read from being left out.
    @SuppressWarnings("UnusedVariable") // read, the compiler would leave out what it is made of
    private long seen;

    /// Whether the pages lie so far apart that looking ahead pays.
    static boolean isWorthwhile(long[] pageNumbers, int count) {
        return pageNumbers[count - 1] - pageNumbers[0] >= (long) SPARSE * count;
    }

    /// Reads page tables, and the memmap of the pages that they map.
    void atMappedPages(PageTable table, FolioTable folios, long[] pageNumbers, int count) {
        for (int from = 0; from < count; from += BATCH) {
            int part = Math.min(BATCH, count - from);
            lookUpLeaves(table, pageNumbers, from, part);
            readEntries(pageNumbers, from, part);
            for (int i = 0; i < part; i++) {
                long entry = words[i];
                words[i] =
                        PageTableEntry.isPresent(entry) || PageTableEntry.isDevicePrivate(entry)
                                ? PageTableEntry.page(entry)
                                : Page.NONE;
            }
            readPages(folios, part);
        }
    }

    /// Reads page tables, and the memmap of pages that were collected.
    ///
    /// @param src the words of the pages
    void atCollectedPages(
            PageTable table, FolioTable folios, long[] pageNumbers, long[] src, int count) {
        for (int from = 0; from < count; from += BATCH) {
            int part = Math.min(BATCH, count - from);
            lookUpLeaves(table, pageNumbers, from, part);
            for (int i = 0; i < part; i++) {
                words[i] = MigratePfn.page(src[from + i]);
            }
            readPages(folios, part);
            readEntries(pageNumbers, from, part);
        }
    }

    private void lookUpLeaves(PageTable table, long[] pageNumbers, int from, int count) {
        long number = -1;
        PageTableLeaf leaf = null;
        for (int i = 0; i < count; i++) {
            long next = pageNumbers[from + i] / PageSize.ENTRIES_PER_TABLE;
            if (next != number) {
                number = next;
                leaf = table.lookupLeaf(PageSize.pageAddress(pageNumbers[from + i]));
            }
            leaves[i] = leaf;
        }
    }

    private void readEntries(long[] pageNumbers, int from, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            PageTableLeaf leaf = leaves[i];
            int slot = (int) pageNumbers[from + i] & PageSize.ENTRIES_PER_TABLE - 1;
            words[i] = leaf == null ? PageTableEntry.NONE : leaf.entryAcquire(slot);
            sum ^= words[i];
        }
        seen ^= sum;
    }

    private void readPages(FolioTable folios, int count) {
        long sum = 0;
        for (int i = 0; i < count; i++) {
            if (words[i] != Page.NONE) {
                sum ^= folios.touch(words[i]);
            }
        }
        seen ^= sum;
    }
}
