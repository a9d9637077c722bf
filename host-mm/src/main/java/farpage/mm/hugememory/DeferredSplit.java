package farpage.mm.hugememory;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memcg.MemCgroup;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// Large folios of system memory of which some pages are mapped no more, while others are. They
/// keep the memory of all their pages until memory is short: then they are split, and the pages
/// that nobody maps are free.
///
/// Which folios those are is said by a flag of each. Folios on devices are never among them.
///
/// @kernel mm/huge_memory.c: deferred_split_folio, deferred_split_scan
public final class DeferredSplit {
    private final Machine machine;
    private final FolioTable folios;

    /// An upper bound of how many folios wait, so that nobody looks for them in vain for long.
    private final AtomicInteger waiting = new AtomicInteger();

    DeferredSplit(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// A page of the folio has lost its last mapping, and others have not.
    ///
    /// @param page any page of it
    public void add(long page) {
        boolean splits =
                !Page.isDevice(page)
                        && folios.isAnonymous(page)
                        && !folios.hasFlag(page, FolioFlags.SWAPCACHE);
        if (!splits || folios.testAndSetFlag(page, FolioFlags.PARTIALLY_MAPPED)) {
            return;
        }
        waiting.getAndIncrement();
        int order = folios.order(page);
        HugePageCounters counters = machine.hugePages().counters();
        counters.count(HugePageCounters.SizeEvent.SPLIT_DEFERRED, order, 1);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            counters.count(HugePageCounters.Event.DEFERRED_SPLIT_PAGE);
        }
    }

    /// Whether splitting could free anything.
    public boolean isAny() {
        return waiting.get() > 0;
    }

    /// Splits folios that wait, until enough pages are free. The caller may hold folio locks and
    /// anything outer: other folios are only tried.
    ///
    /// @param group only folios charged to it or to one within it; null for all
    /// @return pages that are free now
    public long split(@Nullable MemCgroup group, long wanted) {
        int before = waiting.get();
        if (before == 0) {
            return 0;
        }
        long freed = 0;
        int left = 0;
        long end = machine.ram().pageCount();
        long page = Page.ofPfn(0);
        while (page < end && freed < wanted) {
            if (isWaiting(page)) {
                int pageCount = folios.pageCount(page);
                boolean meant = group == null || machine.memcgs().ofPage(page).isWithin(group);
                long freedHere = meant ? split(page) : 0;
                left += freedHere == 0 ? 1 : 0;
                freed += freedHere;
                page += pageCount;
            } else {
                page++;
            }
        }
        if (page >= end) {
            waiting.getAndAdd(left - before);
        }
        return freed;
    }

    private boolean isWaiting(long page) {
        return folios.isKnown(page)
                && folios.hasFlag(page, FolioFlags.PARTIALLY_MAPPED)
                && folios.head(page) == page;
    }

    /// @return pages that are free now; 0 if it could not be split
    private long split(long page) {
        if (!folios.tryGet(page)) {
            return 0;
        }
        long freed = 0;
        if (folios.tryLock(page)) {
            int pageCount = folios.pageCount(page);
            if (folios.isLarge(page)
                    && folios.isAnonymous(page)
                    && new SplitFolio(machine).split(page, 0)) {
                freed = freePages(page, pageCount);
            }
            folios.unlock(page);
        }
        machine.put(page);
        return freed;
    }

    /// The one that we hold goes with our reference, if nobody maps it.
    private long freePages(long page, int pageCount) {
        long freed = folios.mapCount(page) == 0 ? 1 : 0;
        for (int i = 1; i < pageCount; i++) {
            freed += machine.ram().isFree(page + i) ? 1 : 0;
        }
        return freed;
    }
}
