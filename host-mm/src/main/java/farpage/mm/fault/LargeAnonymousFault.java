package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.hugememory.HugePageCounters;
import farpage.mm.hugememory.HugePages;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.NewAnonRmap;

/// The first store to memory that is made of large folios below 2 MiB: of the sizes in use, the
/// largest whose place round the address is still empty and for which there is memory.
///
/// @kernel mm/memory.c: alloc_anon_folio
final class LargeAnonymousFault {
    private LargeAnonymousFault() {}

    /// Maps a large folio.
    ///
    /// @return false if the fault is to be handled with a small one
    static boolean tryMap(PageFault fault, PageTableLeaf leaf, AnonVma anonVma) {
        Vma vma = fault.vma();
        HugePages hugePages = fault.mm().machine().hugePages();
        int order = hugePages.highestSmallOrder(vma);
        if (order == 0 || vma.userfaultfd() != null) {
            return false;
        }
        boolean vacant = false;
        for (; order >= FolioTable.LARGE_ORDER_MIN; order--) {
            if (!hugePages.isAllowedAt(vma, fault.address(), order)) {
                continue;
            }
            vacant = vacant || isVacant(leaf, fault.address(), order);
            if (vacant && tryMap(fault, leaf, anonVma, order)) {
                return true;
            }
        }
        return false;
    }

    private static long folioStart(long address, int order) {
        return address & -PageSize.pageAddress(1L << order);
    }

    /// Only a hint until it is asked again under the lock.
    private static boolean isVacant(PageTableLeaf leaf, long address, int order) {
        int first = PageTableLeaf.slot(folioStart(address, order));
        for (int slot = first; slot < first + (1 << order); slot++) {
            if (!PageTableEntry.isNone(leaf.entryAcquire(slot))) {
                return false;
            }
        }
        return true;
    }

    private static boolean tryMap(PageFault fault, PageTableLeaf leaf, AnonVma anonVma, int order) {
        Machine machine = fault.mm().machine();
        HugePageCounters counters = machine.hugePages().counters();
        long page = machine.hugePages().allocateForFault(fault.vma(), order);
        if (page == Page.NONE) {
            return false;
        }
        leaf.lock();
        boolean vacant = !leaf.isHugeLocked() && isVacant(leaf, fault.address(), order);
        if (vacant) {
            install(fault, leaf, anonVma, page, order);
            counters.count(HugePageCounters.SizeEvent.ANON_FAULT_ALLOC, order, 1);
        }
        leaf.unlock();
        if (!vacant) {
            machine.put(page); // somebody was faster, and the access finds what is there now
        }
        return true;
    }

    private static void install(
            PageFault fault, PageTableLeaf leaf, AnonVma anonVma, long page, int order) {
        FolioTable folios = fault.mm().machine().folios();
        int pageCount = 1 << order;
        long start = folioStart(fault.address(), order);
        folios.get(page, pageCount - 1);
        NewAnonRmap.addPages(fault.vma(), start, page, anonVma);
        long entry = AnonymousFault.written(fault, PageTableEntry.ofPage(page, false));
        long mapped = fault.vma().isAccessible() ? entry : PageTableEntry.withProtNone(entry, true);
        int first = PageTableLeaf.slot(start);
        for (int i = 0; i < pageCount; i++) {
            leaf.setEntryLocked(first + i, PageTableEntry.following(mapped, i));
        }
        fault.mm().addRss(RssCounter.ANON, pageCount);
    }
}
