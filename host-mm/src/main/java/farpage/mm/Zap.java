package farpage.mm;

import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Removes entries from page tables and lets go of the pages behind them. Nothing is copied back: a
/// device page whose last mapping goes is freed to its driver.
///
/// @kernel mm/memory.c: unmap_vmas, zap_pte_range
final class Zap {
    private Zap() {}

    /// Tells the mirrors, then removes the entries of `[start, end)`.
    static void unmap(Vma vma, long start, long end, MmuNotifierRange.Event event) {
        Mm mm = vma.mm();
        boolean started = mm.notifiers().start(MmuNotifierRange.of(event, start, end));
        assert started;
        zapPages(vma, start, end);
        mm.notifiers().end();
    }

    /// Without telling anybody, as on exit, when the mirrors are gone.
    static void zapPages(Vma vma, long start, long end) {
        PageTable pageTable = vma.mm().pageTable();
        long at = pageTable.nextMapped(start, end);
        while (at < end) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = pageTable.lookupLeaf(at);
            assert leaf != null;
            leaf.lock();
            zapLeafLocked(vma.mm(), leaf, at, stop);
            leaf.unlock();
            at = pageTable.nextMapped(stop, end);
        }
    }

    private static void zapLeafLocked(Mm mm, PageTableLeaf leaf, long start, long end) {
        int anonymousPages = 0;
        for (long address = start; address < end; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            if (PageTableEntry.isNone(entry)) {
                continue;
            }
            leaf.setEntryLocked(slot, PageTableEntry.NONE);
            if (!PageTableEntry.isSpecial(entry)) {
                letGo(mm, entry);
                anonymousPages++;
            }
        }
        mm.addRss(RssCounter.ANON, -anonymousPages);
    }

    /// Drops what one removed entry held. A migration entry holds nothing but its place in the
    /// count of pages.
    private static void letGo(Mm mm, long entry) {
        FolioTable folios = mm.machine().folios();
        long page = PageTableEntry.page(entry);
        if (PageTableEntry.isMigration(entry)) {
            return;
        }
        if (PageTableEntry.isPresent(entry)) {
            if (PageTableEntry.isDirty(entry)) {
                folios.setFlag(page, FolioFlags.DIRTY);
            }
        } else if (!PageTableEntry.isDevicePrivate(entry)) {
            throw Check.broken("zap found " + PageTableEntry.describe(entry));
        }
        folios.removeMapping(page);
        mm.machine().put(page);
    }
}
