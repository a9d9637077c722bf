package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.RssCounter;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.NewAnonRmap;
import farpage.mm.userfaultfd.HandleUserfault;

/// The first access to a page of anonymous memory: a load maps the zero page, a store a page of its
/// own; unless userfaultfd is to be asked.
///
/// @kernel mm/memory.c: do_anonymous_page
final class AnonymousFault {
    private AnonymousFault() {}

    static FaultResult handle(PageFault fault, PageTableLeaf leaf) {
        return fault.write() ? mapNewPage(fault, leaf) : mapZeroPage(fault, leaf);
    }

    private static FaultResult mapZeroPage(PageFault fault, PageTableLeaf leaf) {
        int slot = PageTableLeaf.slot(fault.address());
        leaf.lock();
        boolean vacant = PageTableEntry.isNone(leaf.entryLocked(slot));
        boolean asks = vacant && fault.vma().hasUffdMissing();
        if (vacant && !asks) {
            leaf.setEntryLocked(slot, PageTableEntry.ofSpecial(fault.mm().machine().zeroPage()));
        }
        leaf.unlock();
        return asks ? HandleUserfault.missing(fault) : FaultResult.HANDLED;
    }

    private static FaultResult mapNewPage(PageFault fault, PageTableLeaf leaf) {
        Machine machine = fault.mm().machine();
        AnonVma anonVma = fault.mm().prepareAnonVma(fault.vma());
        if (LargeAnonymousFault.tryMap(fault, leaf, anonVma)) {
            return FaultResult.HANDLED;
        }
        long page = machine.allocateCharged(fault.vma());
        if (page == Page.NONE) {
            return FaultResult.OUT_OF_MEMORY;
        }
        machine.ram().zero(page, 0);
        int slot = PageTableLeaf.slot(fault.address());
        leaf.lock();
        boolean vacant = PageTableEntry.isNone(leaf.entryLocked(slot));
        boolean asks = vacant && fault.vma().hasUffdMissing();
        boolean installed = vacant && !asks;
        if (installed) {
            installExclusive(fault, leaf, page, anonVma);
            fault.mm().addRss(RssCounter.ANON, 1);
        }
        leaf.unlock();
        if (!installed) {
            machine.put(page);
        }
        return asks ? HandleUserfault.missing(fault) : FaultResult.HANDLED;
    }

    /// Maps a fresh page that no other process knows; its one reference becomes the mapping's.
    static void installExclusive(PageFault fault, PageTableLeaf leaf, long page, AnonVma anonVma) {
        NewAnonRmap.add(fault.vma(), fault.address(), page, anonVma);
        long entry = PageTableEntry.withAccess(PageTableEntry.ofPage(page, false), false);
        int slot = PageTableLeaf.slot(fault.address());
        long mapped =
                fault.unshare() ? unshared(entry, leaf.entryLocked(slot)) : written(fault, entry);
        // A merge is undone, and a store forced, also where the process itself has no access.
        leaf.setEntryLocked(
                slot,
                fault.vma().isAccessible() ? mapped : PageTableEntry.withProtNone(mapped, true));
    }

    /// The read-only entry of a copy that was not made for a store: what was known of stores to the
    /// page stays known.
    private static long unshared(long entry, long replaced) {
        long kept =
                PageTableEntry.isSoftDirty(replaced) ? PageTableEntry.withSoftDirty(entry) : entry;
        return PageTableEntry.isUffdWp(replaced) ? PageTableEntry.withUffdWp(kept) : kept;
    }

    /// The entry after a store: dirty, and writable unless the store was forced past the VMA's
    /// protection.
    ///
    /// @kernel include/linux/mm.h: maybe_mkwrite
    static long written(PageFault fault, long entry) {
        long dirty = PageTableEntry.withStore(entry);
        return fault.vma().isWritable() ? PageTableEntry.withWrite(dirty) : dirty;
    }
}
