package farpage.mm;

import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Copies the entries of one VMA to a forked child. No data is copied: both sides lose the right to
/// write, and the first store after that makes a private copy.
///
/// @kernel mm/memory.c: copy_page_range, copy_nonpresent_pte
final class ForkCopy {
    private ForkCopy() {}

    static void copy(Vma parent, Vma child) {
        if (!needsCopy(parent)) {
            return; // nothing but the zero page and pages of a file, which fault in again
        }
        MmuNotifierRange range =
                MmuNotifierRange.of(
                        MmuNotifierRange.Event.PROTECTION_PAGE, parent.start(), parent.end());
        boolean started = parent.mm().notifiers().start(range);
        assert started;
        PageTable from = parent.mm().pageTable();
        long at = from.nextMapped(parent.start(), parent.end());
        while (at < parent.end()) {
            long stop = PageTable.leafEnd(at, parent.end());
            copyLeaf(parent, child, at, stop);
            at = from.nextMapped(stop, parent.end());
        }
        parent.mm().notifiers().end();
    }

    /// Pages of a file are found in the file again; private copies, and pages that a driver put
    /// there, are nowhere else.
    ///
    /// @kernel mm/memory.c: vma_needs_copy
    private static boolean needsCopy(Vma parent) {
        int copied = VmFlags.PFNMAP | VmFlags.MIXEDMAP | VmFlags.UFFD_WP;
        return parent.anonVma() != null || (parent.flags() & copied) != 0;
    }

    private static void copyLeaf(Vma parent, Vma child, long start, long end) {
        PageTableLeaf from = parent.mm().pageTable().lookupLeaf(start);
        assert from != null;
        PageTableLeaf to = child.mm().pageTable().leafOrNew(start);
        FolioTable folios = parent.mm().machine().folios();
        int anonymousPages = 0;
        from.lock();
        to.lockNested();
        for (long address = start; address < end; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            long entry = from.entryLocked(slot);
            if (PageTableEntry.isNone(entry)) {
                continue;
            }
            long shared = shared(parent, entry);
            if (shared != entry) {
                from.setEntryLocked(slot, shared);
            }
            to.setEntryLocked(slot, childEntry(parent, shared));
            if (!PageTableEntry.isSpecial(entry)) {
                takeShare(folios, entry);
                if (parent.isAnonymous() || folios.isAnonymous(PageTableEntry.page(entry))) {
                    anonymousPages++;
                } else {
                    child.mm().addRss(RssCounter.of(folios, PageTableEntry.page(entry)), 1);
                }
            }
        }
        to.unlock();
        from.unlock();
        child.mm().addRss(RssCounter.ANON, anonymousPages);
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
            case SWAP, DEVICE_EXCLUSIVE, HWPOISON, MARKER ->
                    throw Check.broken("fork found " + PageTableEntry.describe(entry));
        };
    }

    /// The child has not used the page yet; and a shared page is written back for the parent's
    /// sake.
    private static long childEntry(Vma parent, long entry) {
        if (!PageTableEntry.isPresent(entry)) {
            return entry;
        }
        long old = PageTableEntry.withoutYoung(entry);
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
