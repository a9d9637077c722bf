package farpage.mm;

import farpage.mm.exclusive.DeviceExclusive;
import farpage.mm.hugememory.SplitPmd;
import farpage.mm.hugetlb.HugetlbMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.NewAnonRmap;
import farpage.mm.swap.SwapEntry;

/// Copies the entries of one VMA to a forked child. No data is copied: both sides lose the right to
/// write, and the first store after that makes a private copy. Only a pinned page is copied at
/// once, because the parent must keep the very page that was pinned.
///
/// @kernel mm/memory.c: copy_page_range, copy_nonpresent_pte
final class ForkCopy {
    private final Vma parent;
    private final Vma child;
    private final FolioTable folios;

    /// A page for the next copy that has to be made at once.
    private long spare = Page.NONE;

    private boolean failed;

    private ForkCopy(Vma parent, Vma child) {
        this.parent = parent;
        this.child = child;
        this.folios = parent.mm().machine().folios();
    }

    /// Copies all entries of a VMA.
    ///
    /// @return ENOMEM if a pinned page can not be copied
    static Errno copy(Vma parent, Vma child) {
        if (!needsCopy(parent)) {
            return Errno.OK; // nothing but the zero page and pages of a file, which fault in again
        }
        MmuNotifierRange range =
                MmuNotifierRange.of(
                        MmuNotifierRange.Event.PROTECTION_PAGE, parent.start(), parent.end());
        boolean started = parent.mm().notifiers().start(range);
        assert started;
        PageTable from = parent.mm().pageTable();
        ForkCopy fork = new ForkCopy(parent, child);
        long at = from.nextMapped(parent.start(), parent.end());
        while (at < parent.end() && !fork.failed) {
            long stop = PageTable.leafEnd(at, parent.end());
            long copied = fork.copyLeaf(at, stop);
            if (copied < stop && !fork.failed) {
                fork.prepare(copied);
            }
            at = from.nextMapped(copied, parent.end());
        }
        parent.mm().notifiers().end();
        if (fork.spare != Page.NONE) {
            parent.mm().machine().put(fork.spare);
        }
        return fork.failed ? Errno.ENOMEM : Errno.OK;
    }

    /// Pages of a file are found in the file again; private copies, and pages that a driver put
    /// there, are nowhere else.
    ///
    /// @kernel mm/memory.c: vma_needs_copy
    private static boolean needsCopy(Vma parent) {
        return parent.anonVma() != null || (parent.flags() & VmFlags.COPY_ON_FORK) != 0;
    }

    /// Copies entries.
    ///
    /// @return `end`, or the address of an entry that needs [#prepare(long)] first
    private long copyLeaf(long start, long end) {
        PageTableLeaf from = parent.mm().pageTable().lookupLeaf(start);
        assert from != null;
        PageTableLeaf to = child.mm().pageTable().leafOrNew(start);
        from.lock();
        to.lockNested();
        boolean huge = from.isHugeLocked();
        boolean copied = huge && copyHugeLocked(from, to, start);
        long reached = huge ? end : copyEntriesLocked(from, to, start, end);
        to.unlock();
        from.unlock();
        if (huge && !copied) {
            SplitPmd.split(parent, start);
            return start;
        }
        return reached;
    }

    private long copyEntriesLocked(PageTableLeaf from, PageTableLeaf to, long start, long end) {
        if (!from.isEmptyLocked()) {
            to.makeTableLocked();
        }
        int anonymousPages = 0;
        int swapEntries = 0;
        long address = start;
        for (; address < end; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            long entry = from.entryLocked(slot);
            if (PageTableEntry.isNone(entry)) {
                continue;
            }
            if (PageTableEntry.isMarker(entry) || PageTableEntry.isHwPoison(entry)) {
                to.setEntryLocked(slot, entry);
                continue;
            }
            if (PageTableEntry.isDeviceExclusive(entry)) {
                entry = restore(from, slot, entry);
                if (PageTableEntry.isDeviceExclusive(entry)) {
                    break;
                }
            }
            if (isPinned(entry)) {
                if (spare == Page.NONE || !copyPinned(to, address, entry)) {
                    break;
                }
                anonymousPages++;
                continue;
            }
            long shared = shared(parent, entry);
            if (shared != entry) {
                from.setEntryLocked(slot, shared);
            }
            to.setEntryLocked(slot, childEntry(shared));
            if (PageTableEntry.isSwap(entry)) {
                parent.mm().machine().swap().duplicate(SwapEntry.ofPageTableEntry(entry));
                swapEntries++;
            } else if (!PageTableEntry.isSpecial(entry)) {
                takeShare(folios, entry);
                if (parent.isAnonymous() || folios.isAnonymous(PageTableEntry.page(entry))) {
                    anonymousPages++;
                } else {
                    child.mm().addRss(RssCounter.of(folios, PageTableEntry.page(entry)), 1);
                }
            }
        }
        child.mm().addRss(RssCounter.ANON, anonymousPages);
        if (swapEntries > 0) {
            child.mm().addRss(RssCounter.SWAP_ENTRIES, swapEntries);
        }
        return address;
    }

    /// Copies a huge mapping.
    ///
    /// @return false if the folio is pinned: then it is copied page by page
    /// @kernel mm/huge_memory.c: copy_huge_pmd
    private boolean copyHugeLocked(PageTableLeaf from, PageTableLeaf to, long start) {
        long word = from.pmdLocked();
        if (isPinned(word)) {
            if (parent.isHugetlb()) {
                failed =
                        !HugetlbMapping.copyPinnedLocked(
                                child, to, start, PageTableEntry.page(word));
            }
            return parent.isHugetlb();
        }
        long shared = shared(parent, word);
        if (PageTableEntry.isDevicePrivate(word) && PageTableEntry.isSoftDirty(word)) {
            shared = PageTableEntry.withSoftDirty(shared);
        }
        from.setPmdLocked(shared);
        to.setPmdLocked(childEntry(shared));
        if (PageTableEntry.isSpecial(word)) {
            return true;
        }
        if (!PageTableEntry.isMigration(word)) {
            long page = PageTableEntry.page(word);
            folios.get(page);
            folios.addEntireMapping(page);
            folios.clearFlag(page, FolioFlags.ANON_EXCLUSIVE);
        }
        if (parent.isHugetlb()) {
            child.mm().addHugetlbPages(1);
        } else {
            child.mm().addRss(RssCounter.ANON, PageSize.ENTRIES_PER_TABLE);
        }
        return true;
    }

    /// Takes a page back from the device that uses it alone; the mirrors were told for the whole
    /// VMA.
    ///
    /// @return the entry, which is as it was if the folio is locked
    /// @kernel mm/memory.c: try_restore_exclusive_pte
    private long restore(PageTableLeaf leaf, int slot, long exclusive) {
        long page = PageTableEntry.page(exclusive);
        if (!folios.tryLock(page)) {
            return exclusive;
        }
        long entry = DeviceExclusive.restored(parent, exclusive);
        leaf.setEntryLocked(slot, entry);
        folios.unlock(page);
        return entry;
    }

    /// Whether somebody reads or writes the page without the page table. It must stay the parent's
    /// alone, so the child can not share it.
    ///
    /// @kernel mm/memory.c: folio_try_dup_anon_rmap_ptes
    private boolean isPinned(long entry) {
        if (!PageTableEntry.isPresent(entry) || PageTableEntry.isSpecial(entry)) {
            return false;
        }
        long page = PageTableEntry.page(entry);
        return folios.isMaybePinned(page) && folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE);
    }

    /// Gives the child a copy at once, in the spare page.
    ///
    /// @return false if the memory of a device failed
    /// @kernel mm/memory.c: copy_present_page
    private boolean copyPinned(PageTableLeaf to, long address, long entry) {
        long page = spare;
        if (!parent.mm().machine().pageBytes().copyToSystem(PageTableEntry.page(entry), page)) {
            failed = true;
            return false;
        }
        spare = Page.NONE;
        AnonVma anonVma = child.anonVma();
        assert anonVma != null : "the parent's VMA has pages, so the child's has an AnonVma";
        NewAnonRmap.add(child, address, page, anonVma);
        long copy = PageTableEntry.withStore(PageTableEntry.ofPage(page, child.isWritable()));
        to.setEntryLocked(
                PageTableLeaf.slot(address),
                child.isAccessible() ? copy : PageTableEntry.withProtNone(copy, true));
        return true;
    }

    /// Gets what the entry needs that stopped the copying: a page for a copy, or the end of
    /// somebody's hold on the folio.
    private void prepare(long address) {
        PageTableLeaf leaf = parent.mm().pageTable().lookupLeaf(address);
        assert leaf != null;
        long entry = leaf.entryAcquire(PageTableLeaf.slot(address));
        if (!isPinned(entry) && !PageTableEntry.isDeviceExclusive(entry)) {
            return; // a huge mapping was cut, or somebody let go
        }
        if (PageTableEntry.isDeviceExclusive(entry)) {
            folios.waitUnlocked(PageTableEntry.page(entry));
            return;
        }
        spare = parent.mm().machine().allocateCharged(child.mm());
        failed = spare == Page.NONE;
    }

    /// The entry without the right to write.
    private static long shared(Vma parent, long entry) {
        if (!parent.isCopyOnWrite()) {
            return entry;
        }
        return switch (PageTableEntry.shape(entry)) {
            case NONE -> entry;
            case PRESENT -> PageTableEntry.withoutWrite(entry);
            case DEVICE_PRIVATE ->
                    PageTableEntry.isWritableDevicePrivate(entry)
                            ? PageTableEntry.asReadDevicePrivate(entry)
                            : entry;
            case MIGRATION ->
                    PageTableEntry.asMigrationType(entry, PageTableEntry.TYPE_MIGRATION_READ);
            case SWAP -> PageTableEntry.asSharedSwap(entry);
            case DEVICE_EXCLUSIVE, HWPOISON, MARKER ->
                    throw Check.broken("fork found " + PageTableEntry.describe(entry));
        };
    }

    /// The child has not used the page yet; a shared page is written back for the parent's sake;
    /// and who watches the parent's stores does not watch the child's.
    private long childEntry(long entry) {
        long unwatched = child.hasUffdWp() ? entry : PageTableEntry.withoutUffdWp(entry);
        if (!PageTableEntry.isPresent(unwatched)) {
            return unwatched;
        }
        long old = PageTableEntry.withoutYoung(unwatched);
        return parent.isShared() ? PageTableEntry.withoutDirty(old) : old;
    }

    /// One more mapping. A page in migration gets its mappings back when that ends.
    private static void takeShare(FolioTable folios, long entry) {
        if (PageTableEntry.isMigration(entry)) {
            return;
        }
        long page = PageTableEntry.page(entry);
        folios.get(page);
        folios.addMapping(page);
        folios.clearFlag(page, FolioFlags.ANON_EXCLUSIVE);
    }
}
