package farpage.mm.hugetlb;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;

/// Faults in mappings of huge pages: the first access finds a page of zeros from the pool, a load
/// too; a store to a page that is shared after a fork makes a copy of all of it.
///
/// @kernel mm/hugetlb.c: hugetlb_fault
@SuppressWarnings("exports") // for the packages of this module; nobody else can name the types
public final class HugetlbFault {
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;
    private static final int FRESH = FolioFlags.UPTODATE | FolioFlags.ANON_EXCLUSIVE;

    private HugetlbFault() {}

    /// Handles a fault, also one that somebody else was faster with.
    ///
    /// @return SIGBUS if no page of the pool is free
    public static FaultResult handle(PageFault fault, PageTableLeaf leaf) {
        long word = leaf.pmdAcquire();
        if (PageTableEntry.isNone(word)) {
            return missing(fault, leaf);
        }
        return (fault.write() || fault.unshare()) && !PageTableEntry.isWritable(word)
                ? write(fault, leaf, word)
                : FaultResult.HANDLED;
    }

    private static long start(PageFault fault) {
        return PageSize.alignDownPmd(fault.address());
    }

    /// @kernel mm/hugetlb.c: hugetlb_no_page
    private static FaultResult missing(PageFault fault, PageTableLeaf leaf) {
        Vma vma = fault.vma();
        Machine machine = fault.mm().machine();
        AnonVma anonVma = fault.mm().prepareAnonVma(vma);
        long index = HugetlbMapping.index(vma, start(fault));
        HugetlbReservation reservation = vma.hugetlbReservation();
        long page = machine.hugetlb().allocate(reservation, index);
        if (page == Page.NONE) {
            return FaultResult.SIGBUS;
        }
        machine.ram().zero(page, ORDER);
        leaf.lock();
        boolean vacant = leaf.isEmptyLocked();
        if (vacant) {
            long entry = PageTableEntry.withAccess(PageTableEntry.ofPage(page, false), false);
            map(fault, leaf, page, anonVma, fault.write() ? written(vma, entry) : entry);
            fault.mm().addHugetlbPages(1);
        }
        leaf.unlock();
        if (!vacant) {
            machine.put(page);
            if (reservation != null) {
                machine.hugetlb().restore(reservation, index);
            }
        }
        return FaultResult.HANDLED;
    }

    /// Maps a fresh page; its one reference becomes the mapping's.
    ///
    /// @kernel mm/hugetlb.c: hugetlb_add_new_anon_rmap
    private static void map(
            PageFault fault, PageTableLeaf leaf, long page, AnonVma anonVma, long entry) {
        FolioTable folios = fault.mm().machine().folios();
        folios.setMapping(page, anonVma, fault.vma().pageIndex(start(fault)));
        folios.setFlag(page, FRESH);
        folios.addEntireMapping(page);
        leaf.setPmdLocked(
                fault.vma().isAccessible() ? entry : PageTableEntry.withProtNone(entry, true));
    }

    private static long written(Vma vma, long entry) {
        long dirty = PageTableEntry.withStore(entry);
        return vma.isWritable() ? PageTableEntry.withWrite(dirty) : dirty;
    }

    /// @kernel mm/hugetlb.c: hugetlb_wp
    private static FaultResult write(PageFault fault, PageTableLeaf leaf, long word) {
        FolioTable folios = fault.mm().machine().folios();
        long page = PageTableEntry.page(word);
        leaf.lock();
        boolean same = leaf.pmdLocked() == word;
        boolean alone = same && folios.mapCount(page) == 1;
        if (alone) {
            folios.setFlag(page, FolioFlags.ANON_EXCLUSIVE);
            if (!fault.unshare()) {
                leaf.setPmdLocked(written(fault.vma(), word));
            }
        }
        leaf.unlock();
        return alone || !same ? FaultResult.HANDLED : copy(fault, leaf, word);
    }

    /// What the mapping has reserved is not for copies.
    private static FaultResult copy(PageFault fault, PageTableLeaf leaf, long word) {
        Machine machine = fault.mm().machine();
        AnonVma anonVma = fault.mm().prepareAnonVma(fault.vma());
        long copied = PageTableEntry.page(word);
        long page = machine.hugetlb().allocate(null, 0);
        if (page == Page.NONE) {
            return FaultResult.SIGBUS;
        }
        HugetlbMapping.copyBytes(machine, copied, page);
        long start = start(fault);
        MmuNotifierRange range =
                MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, start, start + PageSize.PMD_SIZE);
        boolean started = fault.mm().notifiers().start(range);
        assert started;
        leaf.lock();
        boolean same = leaf.pmdLocked() == word;
        if (same) {
            long entry = PageTableEntry.withAccess(PageTableEntry.ofPage(page, false), false);
            map(fault, leaf, page, anonVma, fault.unshare() ? entry : written(fault.vma(), entry));
            machine.folios().removeEntireMapping(copied);
        }
        leaf.unlock();
        fault.mm().notifiers().end();
        machine.put(same ? copied : page);
        return FaultResult.HANDLED;
    }
}
