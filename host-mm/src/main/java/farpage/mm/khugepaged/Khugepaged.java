package farpage.mm.khugepaged;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The machine's search for 2 MiB that are mapped page by page and might be mapped as one: process
/// after process, address after address, a bounded number of pages at a time.
///
/// It never runs by itself. Who wants its work done asks for a turn, or for a whole round; turns of
/// several threads follow each other.
///
/// @kernel mm/khugepaged.c: khugepaged_do_scan, struct khugepaged_scan
public final class Khugepaged {
    /// Pages that one turn looks at, unless told otherwise.
    ///
    /// @kernel mm/khugepaged.c: khugepaged_pages_to_scan
    public static final int PAGES_TO_SCAN_DEFAULT = 8 * PageSize.ENTRIES_PER_TABLE;

    private final Machine machine;
    private final RankedLock turn = new RankedLock(LockRank.KHUGEPAGED);

    private CollapseLimits limits = CollapseLimits.DEFAULT;
    private int pagesToScan = PAGES_TO_SCAN_DEFAULT;

    /// Where the next turn begins: the number of the process, or of one that is gone since.
    private int processId;

    private long address;
    private boolean outOfMemory;
    private long pagesCollapsed;
    private long fullScans;

    /// For the machine that makes it.
    public Khugepaged(Machine machine) {
        this.machine = machine;
    }

    /// Says what is worth a collapse from now on.
    ///
    /// @kernel mm/khugepaged.c: max_ptes_none, max_ptes_swap, max_ptes_shared
    public void setLimits(CollapseLimits newLimits) {
        locked(() -> limits = newLimits);
    }

    /// Says how many pages one turn looks at from now on.
    ///
    /// @kernel mm/khugepaged.c: pages_to_scan
    public void setPagesToScan(int pages) {
        if (pages < 1) {
            throw new IllegalArgumentException("pages: value=" + pages + ", limit=1");
        }
        locked(() -> pagesToScan = pages);
    }

    /// Huge pages made so far.
    ///
    /// @kernel mm/khugepaged.c: khugepaged_pages_collapsed
    public long pagesCollapsed() {
        turn.lock();
        try {
            return pagesCollapsed;
        } finally {
            turn.unlock();
        }
    }

    /// How often all processes were looked at.
    ///
    /// @kernel mm/khugepaged.c: khugepaged_full_scans
    public long fullScans() {
        turn.lock();
        try {
            return fullScans;
        } finally {
            turn.unlock();
        }
    }

    private void locked(Runnable change) {
        turn.lock();
        try {
            change.run();
        } finally {
            turn.unlock();
        }
    }

    /// One turn: goes on where the last one ended. It ends early when everything was looked at
    /// once, or no memory is to be had. The caller holds no lock.
    public void scan() {
        locked(() -> scan(pagesToScan));
    }

    /// Looks at everything once, from the first process on. The caller holds no lock.
    public void scanAll() {
        locked(() -> {
            processId = 0;
            address = 0;
            scan(Integer.MAX_VALUE);
        });
    }

    /// @kernel mm/khugepaged.c: khugepaged_do_scan
    private void scan(int pages) {
        long end = fullScans + 1;
        outOfMemory = false;
        for (int progress = 0; progress < pages && fullScans < end && !outOfMemory; ) {
            Mm mm = lookupProcess();
            if (mm == null) {
                processId = 0;
                address = 0;
                fullScans++;
            } else {
                progress += scan(mm, pages - progress);
            }
        }
    }

    private @Nullable Mm lookupProcess() {
        List<Mm> processes = machine.processes();
        for (Mm mm : processes) {
            if (mm.id() > processId) {
                startWith(mm);
            }
            if (mm.id() == processId) {
                return mm;
            }
        }
        return null;
    }

    private void startWith(Mm mm) {
        processId = mm.id();
        address = 0;
    }

    /// Goes on in one process, until it is through, a collapse gave up its mmap lock, or enough was
    /// looked at.
    ///
    /// @kernel mm/khugepaged.c: khugepaged_scan_mm_slot
    private int scan(Mm mm, int pages) {
        int progress = 1;
        mm.lockRead();
        boolean isLocked = true;
        Vma vma = mm.isExited() ? null : mm.lookupVmaFrom(address);
        while (vma != null && isLocked && progress < pages) {
            long start = PageSize.alignDownPmd(vma.start() + PageSize.PMD_SIZE - 1);
            long end = PageSize.alignDownPmd(vma.end());
            address = Math.max(address, start);
            if (!HugePageCollapse.isAllowed(vma, limits) || address >= end) {
                progress++;
                address = vma.end();
                vma = mm.lookupVmaFrom(address);
                continue;
            }
            HugePageCollapse collapse = new HugePageCollapse(mm, address, limits);
            ScanResult result = collapse.attempt(vma);
            isLocked = !collapse.gaveUpLock();
            pagesCollapsed += result == ScanResult.SUCCEED ? 1 : 0;
            outOfMemory = result == ScanResult.ALLOC_HUGE_PAGE_FAIL;
            address += PageSize.PMD_SIZE;
            progress += PageSize.ENTRIES_PER_TABLE;
        }
        if (vma == null) {
            processId++;
            address = 0;
        }
        if (isLocked) {
            mm.unlockRead();
        }
        return progress;
    }
}
