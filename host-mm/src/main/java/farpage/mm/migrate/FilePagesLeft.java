package farpage.mm.migrate;

import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Pages of files that a migration to a device has left behind although they are mapped: somebody
/// had them, or they could not be written to their store.
///
/// @kernel mm/migrate_device.c: migrate_vma_pages
public final class FilePagesLeft {
    private FilePagesLeft() {}

    /// Waits until the first such page of `[start, end)` is unlocked. Nothing is held.
    ///
    /// @return false if there is none: nothing was waited for
    public static boolean awaitFirst(Mm mm, long start, long end) {
        long page = first(mm, start, end);
        if (page == Page.NONE) {
            return false;
        }
        mm.machine().folios().waitUnlocked(page);
        return true;
    }

    /// No reference is taken: the page may be another's by now.
    private static long first(Mm mm, long start, long end) {
        mm.lockRead();
        try {
            long at = start;
            Vma vma = mm.isExited() ? null : mm.lookupVma(at);
            while (at < end && vma != null) {
                long stop = Math.min(end, vma.end());
                long left = vma.file() != null && vma.isShared() ? first(vma, at, stop) : Page.NONE;
                if (left != Page.NONE) {
                    return left;
                }
                at = stop;
                vma = mm.lookupVma(at);
            }
            return Page.NONE;
        } finally {
            mm.unlockRead();
        }
    }

    private static long first(Vma vma, long start, long end) {
        for (long at = start; at < end; at += PageSize.PAGE_SIZE) {
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(at);
            long entry =
                    leaf == null ? PageTableEntry.NONE : leaf.entryAcquire(PageTableLeaf.slot(at));
            if (PageTableEntry.isPresent(entry) && !Page.isDevice(PageTableEntry.page(entry))) {
                return PageTableEntry.page(entry);
            }
        }
        return Page.NONE;
    }
}
