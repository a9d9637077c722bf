package farpage.mm;

import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;

/// What the pages counted for one process are: each counter is one kind.
///
/// @kernel include/linux/mm_types_task.h: MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES
public enum RssCounter {
    /// Mapped pages of a file: `RssFile`.
    FILE(0),
    /// Mapped anonymous pages, wherever they are: `RssAnon`.
    ANON(1),
    /// Swap entries: `VmSwap`.
    SWAP_ENTRIES(2),
    /// Mapped pages of shared memory: `RssShmem`.
    SHMEM(3);

    /// The counter of mappings of a page.
    ///
    /// @kernel include/linux/mm.h: mm_counter
    public static RssCounter of(FolioTable folios, long page) {
        if (folios.isAnonymous(page)) {
            return ANON;
        }
        return folios.hasFlag(page, FolioFlags.SWAPBACKED) ? SHMEM : FILE;
    }

    /// The place in an array with one entry for each counter.
    final int slot;

    RssCounter(int slot) {
        this.slot = slot;
    }
}
