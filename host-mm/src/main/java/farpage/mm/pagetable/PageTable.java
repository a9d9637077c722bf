package farpage.mm.pagetable;

import farpage.mm.PageSize;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.jspecify.annotations.Nullable;

/// The four-level page table of one process. Upper levels are made on demand, without a lock, and
/// stay; a leaf is made on demand and freed when its whole 2 MiB are unmapped.
///
/// @kernel mm/memory.c: __pte_alloc, free_pgtables
public final class PageTable {
    private static final int PUD_SHIFT = PageSize.PMD_SHIFT + PageSize.LEVEL_SHIFT;
    private static final int PGD_SHIFT = PUD_SHIFT + PageSize.LEVEL_SHIFT;

    private final Directory<Directory<Directory<PageTableLeaf>>> pgd = new Directory<>();
    private final AtomicInteger leafCount = new AtomicInteger();

    /// One table of an upper level.
    private static final class Directory<T> {
        private final AtomicReferenceArray<@Nullable T> children =
                new AtomicReferenceArray<>(PageSize.ENTRIES_PER_TABLE);

        @Nullable T child(int slot) {
            return children.getAcquire(slot);
        }

        /// The winner of a race to fill a slot.
        T childOr(int slot, T fresh) {
            T winner = children.compareAndExchange(slot, null, fresh);
            return winner == null ? fresh : winner;
        }

        void clear(int slot) {
            children.setRelease(slot, null);
        }
    }

    private static int slot(long address, int shift) {
        return (int) (address >>> shift) & (PageSize.ENTRIES_PER_TABLE - 1);
    }

    /// The leaf for an address; null if nothing near it was ever mapped.
    public @Nullable PageTableLeaf lookupLeaf(long address) {
        Directory<PageTableLeaf> pmd = lookupPmd(address);
        return pmd == null ? null : pmd.child(slot(address, PageSize.PMD_SHIFT));
    }

    private @Nullable Directory<PageTableLeaf> lookupPmd(long address) {
        Directory<Directory<PageTableLeaf>> pud = pgd.child(slot(address, PGD_SHIFT));
        return pud == null ? null : pud.child(slot(address, PUD_SHIFT));
    }

    /// The leaf for an address, made if need be. The caller keeps the VMA from going away.
    public PageTableLeaf leafOrNew(long address) {
        PageTableLeaf found = lookupLeaf(address);
        return found == null ? newLeaf(address) : found;
    }

    private PageTableLeaf newLeaf(long address) {
        int pgdSlot = slot(address, PGD_SHIFT);
        Directory<Directory<PageTableLeaf>> pud = pgd.child(pgdSlot);
        if (pud == null) {
            pud = pgd.childOr(pgdSlot, new Directory<>());
        }
        int pudSlot = slot(address, PUD_SHIFT);
        Directory<PageTableLeaf> pmd = pud.child(pudSlot);
        if (pmd == null) {
            pmd = pud.childOr(pudSlot, new Directory<>());
        }
        PageTableLeaf fresh = new PageTableLeaf();
        PageTableLeaf leaf = pmd.childOr(slot(address, PageSize.PMD_SHIFT), fresh);
        if (leaf == fresh) {
            leafCount.incrementAndGet();
        }
        return leaf;
    }

    /// The first address in `[address, end)` that has a leaf; `end` if there is none. Stretches
    /// without upper levels are skipped in one step.
    public long nextMapped(long address, long end) {
        long at = address;
        while (at < end) {
            Directory<Directory<PageTableLeaf>> pud = pgd.child(slot(at, PGD_SHIFT));
            if (pud == null) {
                at = nextBoundary(at, PGD_SHIFT);
                continue;
            }
            Directory<PageTableLeaf> pmd = pud.child(slot(at, PUD_SHIFT));
            if (pmd == null) {
                at = nextBoundary(at, PUD_SHIFT);
                continue;
            }
            if (pmd.child(slot(at, PageSize.PMD_SHIFT)) != null) {
                return at;
            }
            at = nextBoundary(at, PageSize.PMD_SHIFT);
        }
        return end;
    }

    /// Visits each leaf of `[start, end)` that there is, under its lock. The leaves can not go: the
    /// mmap lock is held, or a lock that keeps the mapping.
    ///
    /// @kernel mm/pagewalk.c: walk_page_range_vma
    public void walkLeaves(long start, long end, LeafVisitor visitor) {
        for (long at = nextMapped(start, end); at < end; ) {
            long stop = leafEnd(at, end);
            PageTableLeaf leaf = lookupLeaf(at);
            assert leaf != null;
            leaf.lock();
            visitor.visit(leaf, at, stop);
            leaf.unlock();
            at = nextMapped(stop, end);
        }
    }

    /// Where the part of `[address, end)` that lies in one leaf ends.
    public static long leafEnd(long address, long end) {
        return Math.min(nextBoundary(address, PageSize.PMD_SHIFT), end);
    }

    private static long nextBoundary(long address, int shift) {
        return ((address >>> shift) + 1) << shift;
    }

    /// Frees the leaves that lie wholly in `[floor, ceiling)`, where nothing is mapped any more.
    /// The caller holds the mmap lock for writing.
    public void freeLeaves(long floor, long ceiling) {
        long start = PageSize.alignDownPmd(floor + PageSize.PMD_SIZE - 1);
        long end = PageSize.alignDownPmd(ceiling);
        for (long at = nextMapped(start, end); at < end; at = nextMapped(at, end)) {
            Directory<PageTableLeaf> pmd = lookupPmd(at);
            PageTableLeaf leaf = lookupLeaf(at);
            assert pmd != null;
            assert leaf != null;
            leaf.lock();
            leaf.killLocked();
            pmd.clear(slot(at, PageSize.PMD_SHIFT));
            leaf.unlock();
            leafCount.decrementAndGet();
            at += PageSize.PMD_SIZE;
        }
    }

    /// Tables of the lowest level, for `VmPTE`.
    public int leafCount() {
        return leafCount.get();
    }

    /// Tables of entries, those that are deposited with huge mappings included: leaves that are not
    /// empty.
    ///
    /// @kernel include/linux/mm.h: mm_pgtables_bytes
    public int tableCount() {
        int count = 0;
        long end = PageSize.TASK_SIZE + PageSize.PAGE_SIZE;
        for (long at = nextMapped(0, end); at < end; ) {
            PageTableLeaf leaf = lookupLeaf(at);
            count += leaf == null || leaf.isEmptyAcquire() ? 0 : 1;
            at = nextMapped(PageSize.alignDownPmd(at) + PageSize.PMD_SIZE, end);
        }
        return count;
    }
}
