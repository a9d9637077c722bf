package farpage.mm.hugememory;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.RssCounter;
import farpage.mm.Vma;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFault;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.NewAnonRmap;
import farpage.mm.userfaultfd.HandleUserfault;

/// Faults of the PMD level on anonymous memory: the first access to 2 MiB, and stores to 2 MiB that
/// are mapped read-only. What can not be done for the whole is left to the faults of the pages: the
/// answer is [FaultResult#FALLBACK] then, and a huge mapping was cut.
///
/// @kernel mm/huge_memory.c: do_huge_pmd_anonymous_page, do_huge_pmd_wp_page
@SuppressWarnings("exports") // for the packages of this module; nobody else can name the types
public final class HugeFault {
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;

    private HugeFault() {}

    /// The first access to an empty leaf.
    public static FaultResult missing(PageFault fault, PageTableLeaf leaf) {
        HugePages hugePages = fault.mm().machine().hugePages();
        if (!hugePages.isAllowedAt(fault.vma(), fault.address(), ORDER)) {
            return FaultResult.FALLBACK;
        }
        if (fault.write()) {
            return mapNewFolio(fault, leaf);
        }
        long zeroPage = hugePages.zeroPageOrNone();
        return zeroPage == Page.NONE ? fallback(hugePages) : mapZeroPage(fault, leaf, zeroPage);
    }

    private static FaultResult fallback(HugePages hugePages) {
        hugePages.counters().countFallback(ORDER);
        return FaultResult.FALLBACK;
    }

    private static FaultResult mapZeroPage(PageFault fault, PageTableLeaf leaf, long zeroPage) {
        AnonVma _ = fault.mm().prepareAnonVma(fault.vma());
        leaf.lock();
        boolean vacant = leaf.isEmptyLocked();
        boolean asks = vacant && fault.vma().hasUffdMissing();
        if (vacant && !asks) {
            leaf.setPmdLocked(PageTableEntry.ofSpecial(zeroPage));
        }
        leaf.unlock();
        return asks ? HandleUserfault.missing(fault) : FaultResult.HANDLED;
    }

    /// @kernel mm/huge_memory.c: __do_huge_pmd_anonymous_page
    private static FaultResult mapNewFolio(PageFault fault, PageTableLeaf leaf) {
        Machine machine = fault.mm().machine();
        AnonVma anonVma = fault.mm().prepareAnonVma(fault.vma());
        long page = hugePages(fault).allocateForFault(fault.vma(), ORDER);
        if (page == Page.NONE) {
            return FaultResult.FALLBACK;
        }
        leaf.lock();
        boolean vacant = leaf.isEmptyLocked();
        boolean asks = vacant && fault.vma().hasUffdMissing();
        boolean installed = vacant && !asks;
        if (installed) {
            install(fault, leaf, page, anonVma);
        }
        leaf.unlock();
        if (!installed) {
            machine.put(page);
        }
        return asks ? HandleUserfault.missing(fault) : FaultResult.HANDLED;
    }

    private static HugePages hugePages(PageFault fault) {
        return fault.mm().machine().hugePages();
    }

    private static void install(PageFault fault, PageTableLeaf leaf, long page, AnonVma anonVma) {
        mapFolioLocked(fault.vma(), leaf, PageSize.alignDownPmd(fault.address()), page, anonVma);
        fault.mm().addRss(RssCounter.ANON, PageSize.ENTRIES_PER_TABLE);
        HugePageCounters counters = fault.mm().machine().hugePages().counters();
        counters.count(HugePageCounters.Event.FAULT_ALLOC);
        counters.count(HugePageCounters.SizeEvent.ANON_FAULT_ALLOC, ORDER, 1);
    }

    /// Maps a folio that nobody knows yet as if it was just stored to; its one reference becomes
    /// the mapping's. Its pages are not counted here.
    ///
    /// @param address where the 2 MiB begin
    /// @kernel mm/huge_memory.c: map_anon_folio_pmd_nopf
    public static void mapFolioLocked(
            Vma vma, PageTableLeaf leaf, long address, long page, AnonVma anonVma) {
        NewAnonRmap.addEntire(vma, address, page, anonVma);
        leaf.setPmdLocked(protectedAs(vma, written(vma, PageTableEntry.ofPage(page, false))));
    }

    private static long protectedAs(Vma vma, long entry) {
        return vma.isAccessible() ? entry : PageTableEntry.withProtNone(entry, true);
    }

    private static long written(Vma vma, long entry) {
        long dirty = PageTableEntry.withStore(entry);
        return vma.isWritable() ? PageTableEntry.withWrite(dirty) : dirty;
    }

    /// A store to, or the unsharing of, 2 MiB that are mapped read-only.
    ///
    /// @param word the huge mapping
    public static FaultResult write(PageFault fault, PageTableLeaf leaf, long word) {
        if (!fault.unshare() && fault.vma().isUffdWp(word)) {
            return HandleUserfault.writeProtected(fault);
        }
        if (PageTableEntry.isSpecial(word)) {
            FaultResult result = replaceZeroPage(fault, leaf, word);
            return result == FaultResult.FALLBACK ? split(fault) : result;
        }
        leaf.lock();
        if (leaf.pmdLocked() != word) {
            leaf.unlock();
            return FaultResult.HANDLED;
        }
        boolean reused = canReuse(fault.mm().machine().folios(), PageTableEntry.page(word));
        if (reused && !fault.unshare()) {
            leaf.setPmdLocked(written(fault.vma(), word));
        }
        leaf.unlock();
        return reused ? FaultResult.HANDLED : split(fault);
    }

    private static FaultResult split(PageFault fault) {
        SplitPmd.split(fault.vma(), fault.address());
        return FaultResult.FALLBACK;
    }

    /// Whether this mapping is the only way to the folio, which then becomes exclusive.
    private static boolean canReuse(FolioTable folios, long page) {
        return folios.hasFlag(page, FolioFlags.ANON_EXCLUSIVE) || becomesExclusive(folios, page);
    }

    private static boolean becomesExclusive(FolioTable folios, long page) {
        if (!folios.tryLock(page)) {
            return false;
        }
        boolean alone = folios.refCount(page) == 1;
        if (alone) {
            folios.setFlag(page, FolioFlags.ANON_EXCLUSIVE);
        }
        folios.unlock(page);
        return alone;
    }

    /// @kernel mm/huge_memory.c: do_huge_zero_wp_pmd
    private static FaultResult replaceZeroPage(PageFault fault, PageTableLeaf leaf, long word) {
        Machine machine = fault.mm().machine();
        AnonVma anonVma = fault.mm().prepareAnonVma(fault.vma());
        long page = hugePages(fault).allocateForFault(fault.vma(), ORDER);
        if (page == Page.NONE) {
            return FaultResult.FALLBACK;
        }
        long start = PageSize.alignDownPmd(fault.address());
        MmuNotifierRange range =
                MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, start, start + PageSize.PMD_SIZE);
        boolean started = fault.mm().notifiers().start(range);
        assert started;
        leaf.lock();
        boolean installed = leaf.pmdLocked() == word;
        if (installed) {
            install(fault, leaf, page, anonVma);
        }
        leaf.unlock();
        fault.mm().notifiers().end();
        if (!installed) {
            machine.put(page);
        }
        return FaultResult.HANDLED;
    }
}
