package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.VmStat;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.RemoveRmap;
import farpage.mm.userfaultfd.HandleUserfault;

/// A store to a page that is mapped read-only in a writable VMA: the page is reused if nobody else
/// can see it, else copied. The copy is always a system page, also of a device-coherent page. To
/// unshare does the same and leaves the entry read-only.
///
/// @kernel mm/memory.c: do_wp_page, wp_page_reuse, wp_page_copy
final class CopyOnWriteFault {
    private CopyOnWriteFault() {}

    static FaultResult handle(PageFault fault, PageTableLeaf leaf, long entry) {
        FolioTable folios = fault.mm().machine().folios();
        int slot = PageTableLeaf.slot(fault.address());
        boolean zeroPage = PageTableEntry.isSpecial(entry);
        long old = PageTableEntry.page(entry);
        leaf.lock();
        if (leaf.entryLocked(slot) != entry) {
            leaf.unlock();
            return FaultResult.HANDLED;
        }
        if (!fault.unshare() && fault.vma().isUffdWp(entry)) {
            leaf.unlock();
            return HandleUserfault.writeProtected(fault);
        }
        if (!zeroPage) {
            if (folios.isAnonymous(old) && canReuse(fault.mm().machine(), old)) {
                if (!fault.unshare()) {
                    leaf.setEntryLocked(slot, AnonymousFault.written(fault, entry));
                }
                leaf.unlock();
                return FaultResult.HANDLED;
            }
            folios.get(old);
        }
        leaf.unlock();
        if (!zeroPage && folios.isLarge(old) && LargeFolioReuse.makeExclusive(fault.mm(), old)) {
            fault.mm().machine().put(old);
            return FaultResult.HANDLED; // the next attempt finds the page exclusive
        }
        FaultResult result = copy(fault, leaf, entry);
        if (!zeroPage) {
            fault.mm().machine().put(old);
        }
        return result;
    }

    /// Whether this mapping is the only way to the page. A page found so becomes exclusive. A
    /// merged page never does: its contents are what it is found by.
    ///
    /// @kernel mm/memory.c: wp_can_reuse_anon_folio
    private static boolean canReuse(Machine machine, long page) {
        FolioTable folios = machine.folios();
        if (folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE)) {
            return true;
        }
        int cached = folios.hasFlag(page, FolioFlags.SWAPCACHE) ? 1 : 0;
        if (folios.hasFlag(page, FolioFlags.KSM)
                || folios.isLarge(page)
                || folios.refCount(page) > 1 + cached
                || !folios.tryLock(page)) {
            return false;
        }
        boolean _ = machine.swap().freeCache(page);
        boolean alone = folios.refCount(page) == 1 && !folios.hasFlag(page, FolioFlags.KSM);
        if (alone) {
            folios.setFlag(page, FolioFlags.ANON_EXCLUSIVE);
        }
        folios.unlock(page);
        return alone;
    }

    private static FaultResult copy(PageFault fault, PageTableLeaf leaf, long entry) {
        Machine machine = fault.mm().machine();
        long old = PageTableEntry.page(entry);
        AnonVma anonVma = fault.mm().prepareAnonVma(fault.vma());
        long page = machine.allocateCharged(fault.vma());
        if (page == Page.NONE) {
            return FaultResult.OUT_OF_MEMORY;
        }
        if (!machine.pageBytes().copyToSystem(old, page)) {
            machine.put(page);
            return FaultResult.HWPOISON;
        }
        MmuNotifierRange range =
                MmuNotifierRange.of(
                        MmuNotifierRange.Event.CLEAR,
                        fault.address(),
                        fault.address() + PageSize.PAGE_SIZE);
        boolean started = fault.mm().notifiers().start(range);
        assert started;
        leaf.lock();
        boolean installed = leaf.entryLocked(PageTableLeaf.slot(fault.address())) == entry;
        if (installed) {
            if (!PageTableEntry.isSpecial(entry) && machine.folios().hasFlag(old, FolioFlags.KSM)) {
                machine.vmStat().count(VmStat.Event.COW_KSM, 1);
            }
            AnonymousFault.installExclusive(fault, leaf, page, anonVma);
            if (PageTableEntry.isSpecial(entry)) {
                fault.mm().addRss(RssCounter.ANON, 1);
            } else {
                if (!machine.folios().isAnonymous(old)) {
                    fault.mm().addRss(RssCounter.of(machine.folios(), old), -1);
                    fault.mm().addRss(RssCounter.ANON, 1);
                }
                RemoveRmap.page(machine, old);
            }
        }
        leaf.unlock();
        fault.mm().notifiers().end();
        if (!installed) {
            machine.put(page);
        } else if (!PageTableEntry.isSpecial(entry)) {
            machine.swap().freeCacheIfUnmapped(old);
            machine.put(old); // the mapping's; the caller still has one
        }
        return FaultResult.HANDLED;
    }
}
