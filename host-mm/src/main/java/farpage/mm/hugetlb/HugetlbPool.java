package farpage.mm.hugetlb;

import farpage.mm.Check;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// The huge pages of 2 MiB that a machine sets aside for mappings of such pages. They are taken
/// from RAM when the pool grows, and nothing else is made of them until it shrinks.
///
/// A mapping reserves its pages when it is made: of the free pages so many are spoken for, and a
/// fault in that mapping finds one whatever others do. A free page of the pool has no reference.
///
/// @kernel mm/hugetlb.c: struct hstate
public final class HugetlbPool {
    private static final int ORDER = PageSize.HPAGE_PMD_ORDER;

    private final Machine machine;
    private final RankedLock lock = new RankedLock(LockRank.HUGETLB);
    private long[] free = new long[1];
    private int freeCount;
    private int pageCount;
    private int pageCountWanted;
    private int reservedCount;

    /// An empty one, for the machine that makes it.
    public HugetlbPool(Machine machine) {
        this.machine = machine;
    }

    // The pool.

    /// Takes huge pages from RAM, or gives free ones back that nobody has reserved. Pages that are
    /// in use beyond the new size go back when they are freed. Nothing is held.
    ///
    /// @return how many pages there are now; fewer than asked for if RAM has not so many blocks
    /// @kernel mm/hugetlb.c: set_max_huge_pages
    public int setPageCount(int count) {
        lock.lock();
        pageCountWanted = count;
        trimLocked();
        int missing = count - pageCount;
        lock.unlock();
        for (int i = 0; i < missing; i++) {
            long page = machine.allocateFolio(ORDER);
            if (page == Page.NONE) {
                break;
            }
            machine.folios().setFlag(page, FolioFlags.HUGETLB);
            boolean frozen = machine.folios().freezeReferences(page, 1);
            assert frozen : "somebody found a page of the pool";
            lock.lock();
            pageCount++;
            addFreeLocked(page);
            lock.unlock();
        }
        return pageCount();
    }

    private void addFreeLocked(long page) {
        if (freeCount == free.length) {
            free = Arrays.copyOf(free, 2 * freeCount);
        }
        free[freeCount++] = page;
    }

    /// Gives back to RAM what is too much.
    private void trimLocked() {
        while (pageCount > pageCountWanted && freeCount > reservedCount) {
            long page = free[--freeCount];
            pageCount--;
            machine.folios().reset(page);
            machine.ram().free(page, ORDER);
        }
    }

    /// Gives everything back to RAM. All pages must be free.
    public void close() {
        int left = setPageCount(0);
        Check.that(left == 0, left + " huge pages are in use or reserved");
    }

    // Pages.

    /// A huge page with one reference; its bytes are not cleared.
    ///
    /// @param reservation of the mapping; null if what is free must do
    /// @param index where in the mapping
    /// @return [Page#NONE] if none is free but those that others have reserved
    /// @kernel mm/hugetlb.c: alloc_hugetlb_folio
    long allocate(@Nullable HugetlbReservation reservation, long index) {
        lock.lock();
        boolean reserved = reservation != null && reservation.take(index);
        reservedCount -= reserved ? 1 : 0;
        boolean found = freeCount > reservedCount;
        assert found || !reserved : "a reserved huge page is not there";
        long page = found ? free[--freeCount] : Page.NONE;
        lock.unlock();
        if (found) {
            machine.folios().unfreezeReferences(page, 1);
        }
        return page;
    }

    /// Takes a page back whose last reference went.
    ///
    /// @kernel mm/hugetlb.c: free_huge_folio
    public void free(long page) {
        FolioTable folios = machine.folios();
        folios.reset(page);
        folios.init(page, ORDER, FolioFlags.HUGETLB);
        boolean frozen = folios.freezeReferences(page, 1);
        assert frozen : "somebody found a free page of the pool";
        lock.lock();
        addFreeLocked(page);
        trimLocked();
        lock.unlock();
    }

    // Reservations.

    /// Speaks for the pages of a new mapping.
    ///
    /// @return false if there are not so many that nobody has spoken for
    /// @kernel mm/hugetlb.c: hugetlb_reserve_pages
    boolean reserve(HugetlbReservation reservation) {
        lock.lock();
        boolean enough = freeCount - reservedCount >= reservation.count();
        reservedCount += enough ? reservation.count() : 0;
        lock.unlock();
        return enough;
    }

    /// Speaks again for a page that was not needed after all, if one is free.
    ///
    /// @kernel mm/hugetlb.c: restore_reserve_on_error
    void restore(HugetlbReservation reservation, long index) {
        lock.lock();
        if (freeCount > reservedCount) {
            reservedCount++;
            reservation.add(index);
        }
        lock.unlock();
    }

    /// Gives up what a part of a mapping has reserved.
    ///
    /// @kernel mm/hugetlb.c: hugetlb_vm_op_close
    void release(HugetlbReservation reservation, long index, long count) {
        lock.lock();
        reservedCount -= reservation.remove(index, count);
        trimLocked();
        lock.unlock();
    }

    // Counts.

    /// Pages of the pool, free or not: `HugePages_Total`.
    public int pageCount() {
        lock.lock();
        int count = pageCount;
        lock.unlock();
        return count;
    }

    /// `HugePages_Free`.
    public int freeCount() {
        lock.lock();
        int count = freeCount;
        lock.unlock();
        return count;
    }

    /// Free pages that somebody has spoken for: `HugePages_Rsvd`.
    public int reservedCount() {
        lock.lock();
        int count = reservedCount;
        lock.unlock();
        return count;
    }
}
