package farpage.mm;

import farpage.mm.hugememory.FolioBatch;
import farpage.mm.hugememory.SplitPmd;
import farpage.mm.hugetlb.HugetlbMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.reclaim.MarkAccessed;
import farpage.mm.rmap.RemoveRmap;
import farpage.mm.swap.SwapEntry;

/// Removes entries from page tables and lets go of the pages behind them. Nothing is copied back: a
/// device page whose last mapping goes is freed to its driver.
///
/// @kernel mm/memory.c: unmap_vmas, zap_pte_range
public final class Zap {
    private Zap() {}

    /// Tells the mirrors, then removes the entries of `[start, end)`.
    static void unmap(Vma vma, long start, long end, MmuNotifierRange.Event event) {
        Mm mm = vma.mm();
        boolean started = mm.notifiers().start(MmuNotifierRange.of(event, start, end));
        assert started;
        boolean stays = event == MmuNotifierRange.Event.CLEAR;
        zapPages(vma, start, end, true, stays);
        if (stays) {
            reclaimTables(vma, start, end);
        }
        mm.notifiers().end();
    }

    /// A table of which nothing is left goes too, if all its addresses were meant: the next access
    /// may map a huge page there.
    ///
    /// @kernel mm/pt_reclaim.c: try_to_free_pte
    private static void reclaimTables(Vma vma, long start, long end) {
        vma.mm()
                .pageTable()
                .walkLeaves(
                        start,
                        end,
                        (leaf, from, to) -> {
                            if (PageTableLeaf.isWhole(from, to) && leaf.isVacantLocked()) {
                                leaf.clearTableLocked();
                            }
                        });
    }

    /// Removes pages that leave their file from one mapping of it; the mirrors are told. No mmap
    /// lock is needed: the caller holds `i_mmap`, and so the VMA stays as it is.
    ///
    /// @param evenCows private copies too
    /// @kernel mm/memory.c: unmap_mapping_range_vma
    public static void unmapFilePages(Vma vma, long start, long end, boolean evenCows) {
        Mm mm = vma.mm();
        MmuNotifierRange range = MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, start, end);
        boolean started = mm.notifiers().start(range);
        assert started;
        zapPages(vma, start, end, evenCows, true);
        mm.notifiers().end();
    }

    /// Without telling anybody, as on exit, when the mirrors are gone.
    static void zapPages(Vma vma, long start, long end) {
        zapPages(vma, start, end, true, false);
    }

    /// @param evenCows private copies of a file's pages too
    /// @param keepMarkers whether the mapping stays, and with it what markers say about the place
    private static void zapPages(
            Vma vma, long start, long end, boolean evenCows, boolean keepMarkers) {
        SplitPmd.walkLeaves(
                vma,
                start,
                end,
                (leaf, from, to) -> {
                    if (leaf.isHugeLocked()) {
                        zapHugeLocked(vma, leaf, from, keepMarkers);
                    } else {
                        zapLeafLocked(vma, leaf, from, to, evenCows, keepMarkers);
                    }
                });
    }

    /// Only anonymous memory is mapped hugely.
    ///
    /// @kernel mm/huge_memory.c: zap_huge_pmd
    private static void zapHugeLocked(Vma vma, PageTableLeaf leaf, long start, boolean stays) {
        if (vma.isHugetlb()) {
            HugetlbMapping.zapLocked(vma, leaf, start, stays);
            return;
        }
        Mm mm = vma.mm();
        long word = leaf.pmdLocked();
        leaf.setPmdLocked(PageTableEntry.NONE);
        if (PageTableEntry.isSpecial(word)) {
            return;
        }
        mm.addRss(RssCounter.ANON, -PageSize.ENTRIES_PER_TABLE);
        if (!PageTableEntry.isMigration(word)) {
            long page = PageTableEntry.page(word);
            RemoveRmap.entire(mm.machine(), page);
            mm.machine().put(page);
        }
    }

    private static void zapLeafLocked(
            Vma vma,
            PageTableLeaf leaf,
            long start,
            long end,
            boolean evenCows,
            boolean keepMarkers) {
        Mm mm = vma.mm();
        int endSlot = PageTableLeaf.slot(start) + (int) PageSize.pageNumber(end - start);
        int anonymousPages = 0;
        int swapEntries = 0;
        for (long address = start; address < end; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            if (PageTableEntry.isNone(entry)) {
                continue;
            }
            if (!hasPageOrSlot(entry)) {
                boolean stays =
                        PageTableEntry.isPoison(entry)
                                ? !evenCows
                                : PageTableEntry.isMarker(entry) && keepMarkers;
                leaf.setEntryLocked(slot, stays ? entry : PageTableEntry.NONE);
                continue;
            }
            if (PageTableEntry.isSwap(entry)) {
                if (evenCows) {
                    leaf.setEntryLocked(slot, PageTableEntry.NONE);
                    mm.machine().swap().releaseAndReclaim(SwapEntry.ofPageTableEntry(entry));
                    swapEntries++;
                }
                continue;
            }
            RssCounter counter = counter(vma, entry);
            if (counter == RssCounter.ANON) {
                if (!evenCows) {
                    continue;
                }
                int count = zapFolioLocked(mm, leaf, slot, endSlot, entry);
                anonymousPages += count;
                address += PageSize.pageAddress(count - 1);
            } else {
                mm.addRss(counter, -1);
                keepTraces(vma, entry);
                leaf.setEntryLocked(slot, PageTableEntry.NONE);
                letGo(mm, entry, 1);
            }
        }
        mm.addRss(RssCounter.ANON, -anonymousPages);
        if (swapEntries > 0) {
            mm.addRss(RssCounter.SWAP_ENTRIES, -swapEntries);
        }
    }

    /// Removes the entry of an anonymous page, and with it those that follow it in the same folio.
    ///
    /// @return how many
    /// @kernel mm/memory.c: zap_present_ptes
    private static int zapFolioLocked(
            Mm mm, PageTableLeaf leaf, int slot, int endSlot, long entry) {
        int count =
                PageTableEntry.isPresent(entry)
                        ? FolioBatch.countLocked(mm.machine().folios(), leaf, slot, endSlot, entry)
                        : 1;
        for (int i = slot; i < slot + count; i++) {
            leaf.setEntryLocked(i, PageTableEntry.NONE);
        }
        letGo(mm, entry, count);
        return count;
    }

    /// Not so the zero page, a marker, or broken memory.
    private static boolean hasPageOrSlot(long entry) {
        return !PageTableEntry.isMarker(entry)
                && !PageTableEntry.isSpecial(entry)
                && !PageTableEntry.isHwPoison(entry);
    }

    /// A page in a mapping of a file is the file's, a driver's, or a private copy.
    private static RssCounter counter(Vma vma, long entry) {
        return vma.isAnonymous()
                ? RssCounter.ANON
                : RssCounter.of(vma.mm().machine().folios(), PageTableEntry.page(entry));
    }

    /// A page that stays in its file's cache keeps what the entry knew of stores and accesses,
    /// unless the accesses of the mapping say nothing about the next ones.
    ///
    /// @kernel mm/memory.c: zap_present_folio_ptes; include/linux/mm_inline.h: vma_has_recency
    private static void keepTraces(Vma vma, long entry) {
        if (!PageTableEntry.isPresent(entry)) {
            return;
        }
        Machine machine = vma.mm().machine();
        long page = PageTableEntry.page(entry);
        if (PageTableEntry.isDirty(entry)) {
            machine.folios().setFlag(page, FolioFlags.DIRTY);
        }
        if (PageTableEntry.isYoung(entry)
                && (vma.flags() & (VmFlags.SEQ_READ | VmFlags.RAND_READ)) == 0) {
            MarkAccessed.mark(machine, page);
        }
    }

    /// Drops what removed entries of one folio held. A migration entry holds nothing but its place
    /// in the count of pages.
    private static void letGo(Mm mm, long entry, int count) {
        long page = PageTableEntry.page(entry);
        if (PageTableEntry.isMigration(entry)) {
            return;
        }
        if (!PageTableEntry.isPresent(entry)
                && !PageTableEntry.isDevicePrivate(entry)
                && !PageTableEntry.isDeviceExclusive(entry)) {
            throw Check.broken("zap found " + PageTableEntry.describe(entry));
        }
        RemoveRmap.pages(mm.machine(), page, count);
        mm.machine().swap().freeCacheIfUnmapped(page);
        mm.machine().put(page, count);
    }
}
