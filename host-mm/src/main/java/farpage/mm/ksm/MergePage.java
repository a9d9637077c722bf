package farpage.mm.ksm;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.RemoveRmap;
import org.jspecify.annotations.Nullable;

/// Turns one mapping of a page into a mapping of a merged page: the entry loses write, so that the
/// contents stay as they are, and if they are those of the merged page, that page takes its place.
/// Mirrors hear of both steps, for a device may write the page. A page of a large folio is split
/// from it first.
///
/// @kernel mm/ksm.c: try_to_merge_one_page
final class MergePage {
    private final Machine machine;
    private final FolioTable folios;
    private final PageContents contents;

    MergePage(Machine machine, PageContents contents) {
        this.machine = machine;
        this.folios = machine.folios();
        this.contents = contents;
    }

    /// Makes the page at an address a merged page itself, whose node is in no tree as yet. The mmap
    /// lock is held, and a reference to the page.
    ///
    /// @return null if it can not be: it is locked, no longer there, or somebody may write it
    @Nullable StableNode upgrade(Vma vma, long address, long page) {
        if (!isAnonymous(folios, page) || !folios.tryLock(page)) {
            return null;
        }
        try {
            if (!splitLocked(page) || writeProtect(vma, address, page) == PageTableEntry.NONE) {
                return null;
            }
            if (folios.mapping(page) instanceof StableNode left) {
                return left; // by a merge that failed
            }
            if (!(folios.mapping(page) instanceof AnonVma anonVma)) {
                return null;
            }
            StableNode node =
                    new StableNode(page, contents.checksum(page), anonVma, folios.index(page));
            // A clean page could be reclaimed without its contents being kept.
            folios.setFlag(page, FolioFlags.KSM | FolioFlags.DIRTY | FolioFlags.REFERENCED);
            folios.setMapping(page, node, folios.index(page));
            return node;
        } finally {
            folios.unlock(page);
        }
    }

    /// Maps the merged page, or the zero page, in place of the page at an address. The mmap lock is
    /// held, and references to both pages.
    ///
    /// @return false if the contents differ after all, or as for [#upgrade]
    boolean replaceBy(Vma vma, long address, long page, long mergedPage) {
        if (page == mergedPage) {
            return true; // a merged page in a child
        }
        if (!isAnonymous(folios, page) || !folios.tryLock(page)) {
            return false;
        }
        try {
            if (!splitLocked(page)) {
                return false;
            }
            long entry = writeProtect(vma, address, page);
            return entry != PageTableEntry.NONE
                    && contents.areIdentical(page, mergedPage)
                    && replace(vma, address, entry, mergedPage);
        } finally {
            folios.unlock(page);
        }
    }

    /// Makes the page one of its own, if it belongs to a large folio, which the caller has locked.
    private boolean splitLocked(long page) {
        return !folios.isLarge(page) || new SplitFolio(machine).split(page, 0);
    }

    /// Splits the folio of a page, to which the caller has the only reference besides mappings, if
    /// nobody has locked it.
    void split(long page) {
        if (folios.tryLock(page)) {
            boolean _ = splitLocked(page);
            folios.unlock(page);
        }
    }

    /// Whether it is an ordinary anonymous page of RAM, or a merged one.
    static boolean isAnonymous(FolioTable folios, long page) {
        return !Page.isDevice(page) && folios.isAnonymous(page);
    }

    /// @return the entry as it is now; NONE if it does not map the page, or somebody holds the page
    ///   who might write it without an entry
    /// @kernel mm/ksm.c: write_protect_page
    private long writeProtect(Vma vma, long address, long page) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null) {
            return PageTableEntry.NONE;
        }
        start(vma, address);
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        long entry = leaf.entryLocked(slot);
        long protectedEntry = PageTableEntry.NONE;
        if (maps(entry, page)) {
            protectedEntry = protectedEntry(entry, page);
            if (protectedEntry != PageTableEntry.NONE && protectedEntry != entry) {
                leaf.setEntryLocked(slot, protectedEntry);
            }
        }
        leaf.unlock();
        vma.mm().notifiers().end();
        return protectedEntry;
    }

    /// The entry without write, under the leaf's lock; NONE if there are references besides those
    /// of the mappings, of this merge and of the swap cache.
    private long protectedEntry(long entry, long page) {
        boolean exclusive = folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE);
        if (!PageTableEntry.isWritable(entry) && !PageTableEntry.isDirty(entry) && !exclusive) {
            return entry;
        }
        int swapCache = folios.hasFlag(page, FolioFlags.SWAPCACHE) ? 1 : 0;
        if (folios.mapCount(page) + 1 + swapCache != folios.refCount(page)) {
            return PageTableEntry.NONE;
        }
        folios.clearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        if (PageTableEntry.isDirty(entry)) {
            folios.setFlag(page, FolioFlags.DIRTY);
        }
        return PageTableEntry.withoutDirty(PageTableEntry.withoutWrite(entry));
    }

    /// @kernel mm/ksm.c: replace_page
    private boolean replace(Vma vma, long address, long expected, long mergedPage) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null) {
            return false;
        }
        start(vma, address);
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        boolean replaced = leaf.entryLocked(slot) == expected;
        if (replaced) {
            leaf.setEntryLocked(slot, mergedEntry(vma, mergedPage));
            RemoveRmap.page(machine, PageTableEntry.page(expected));
        }
        leaf.unlock();
        vma.mm().notifiers().end();
        if (replaced) {
            dropReplaced(PageTableEntry.page(expected));
        }
        return replaced;
    }

    /// Drops a mapping's reference. A page that is mapped nowhere needs no swap slot. It is locked.
    private void dropReplaced(long page) {
        if (folios.mapCount(page) == 0) {
            boolean _ = machine.swap().freeCache(page);
        }
        machine.put(page);
    }

    /// The entry of the merged page, whose mapping it counts.
    private long mergedEntry(Vma vma, long mergedPage) {
        if (mergedPage == machine.zeroPage()) {
            vma.mm().addRss(RssCounter.ANON, -1);
            return permitted(vma, KsmZeroPages.entry(machine));
        }
        folios.get(mergedPage);
        folios.addMapping(mergedPage);
        long entry = PageTableEntry.withAccess(PageTableEntry.ofPage(mergedPage, false), false);
        return permitted(vma, entry);
    }

    private static long permitted(Vma vma, long entry) {
        return vma.isAccessible() ? entry : PageTableEntry.withProtNone(entry, true);
    }

    private static boolean maps(long entry, long page) {
        return PageTableEntry.isPresent(entry)
                && !PageTableEntry.isSpecial(entry)
                && PageTableEntry.page(entry) == page;
    }

    private static void start(Vma vma, long address) {
        boolean started =
                vma.mm()
                        .notifiers()
                        .start(
                                MmuNotifierRange.of(
                                        MmuNotifierRange.Event.CLEAR,
                                        address,
                                        address + PageSize.PAGE_SIZE));
        assert started;
    }
}
