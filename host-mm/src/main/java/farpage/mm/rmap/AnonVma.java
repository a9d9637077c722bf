package farpage.mm.rmap;

import farpage.mm.Vma;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import org.jspecify.annotations.Nullable;

/// The VMAs in which the anonymous pages of one VMA may be mapped: itself, the pieces it was split
/// into or moved to, and its copies in forked children. All that descend from one ancestor share
/// its lock.
///
/// A page points to the `AnonVma` of the VMA in which it was first faulted in, and its index tells
/// the address in each of these VMAs.
///
/// The two counts tell when a forked child may take over an `AnonVma` that its process no longer
/// uses, so that a process that forks itself again and again does not pile them up.
///
/// @kernel include/linux/rmap.h: struct anon_vma
public final class AnonVma implements ReverseMap {
    private final RankedLock rootLock;

    /// The one that pages of the parent process point to; itself for the first of a family.
    private final AnonVma parent;

    private final VmaIntervalTree vmas = new VmaIntervalTree();

    /// Those whose parent this is and that have VMAs. The first of a family counts itself.
    private int childCount;

    /// VMAs whose new pages point here.
    private int activeVmaCount;

    /// Starts a family of its own.
    @SuppressWarnings("this-escape") // the first of a family is its own parent
    public AnonVma() {
        rootLock = new RankedLock(LockRank.ANON_VMA);
        parent = this;
        childCount = 1;
    }

    /// Joins the family of the parent process, whose lock is held.
    ///
    /// @kernel mm/rmap.c: anon_vma_fork
    public AnonVma(AnonVma parent) {
        assert parent.rootLock.isHeldByCurrentThread();
        rootLock = parent.rootLock;
        this.parent = parent;
        parent.childCount++;
    }

    public void lock() {
        rootLock.lock();
    }

    public void unlock() {
        rootLock.unlock();
    }

    public boolean isLocked() {
        return rootLock.isHeldByCurrentThread();
    }

    /// Lets the walk find a VMA, by the page offsets that it covers now.
    public void linkLocked(AnonVmaChain chain) {
        assert rootLock.isHeldByCurrentThread();
        assert chain.anonVma() == this;
        vmas.insert(chain);
    }

    /// Takes a VMA out of the walk for a moment, while its bounds change.
    public void suspendLocked(AnonVmaChain chain) {
        assert rootLock.isHeldByCurrentThread();
        vmas.remove(chain);
    }

    /// Takes a VMA out for good. With the last one the parent has a child less.
    ///
    /// @kernel mm/rmap.c: unlink_anon_vmas
    public void unlinkLocked(AnonVmaChain chain) {
        assert rootLock.isHeldByCurrentThread();
        vmas.remove(chain);
        if (vmas.isEmpty()) {
            parent.childCount--;
            assert parent.childCount >= 0;
        }
    }

    /// New pages of one more VMA point here.
    public void activateLocked() {
        assert rootLock.isHeldByCurrentThread();
        activeVmaCount++;
    }

    public void deactivateLocked() {
        assert rootLock.isHeldByCurrentThread();
        assert activeVmaCount > 0;
        activeVmaCount--;
    }

    /// Whether a forked child may let its new pages point here: no VMA does so any more, and at
    /// most one generation of pages is looked for through it.
    ///
    /// @kernel mm/rmap.c: maybe_reuse_anon_vma
    public boolean isReusableLocked() {
        assert rootLock.isHeldByCurrentThread();
        return childCount < 2 && activeVmaCount == 0;
    }

    /// The first of the family. Every VMA of the family is found through it.
    ///
    /// @kernel include/linux/rmap.h: struct anon_vma, root
    public AnonVma root() {
        AnonVma at = this;
        while (at.parent != at) {
            at = at.parent;
        }
        return at;
    }

    @SuppressWarnings("ReferenceEquality") // a lock is known by identity
    public boolean isSameFamily(AnonVma other) {
        return rootLock == other.rootLock;
    }

    /// Whether the pages of this `AnonVma` are looked for in the VMA.
    public boolean covers(Vma vma) {
        rootLock.lock();
        try {
            long first = vma.pageOffset();
            long last = first + vma.pageCount() - 1;
            for (VmaIntervalTree.Node node = vmas.first(first, last);
                    node != null;
                    node = vmas.next(node, first, last)) {
                if (node.vma() == vma) {
                    return true;
                }
            }
            return false;
        } finally {
            rootLock.unlock();
        }
    }

    /// Whether any VMA covers the page of an index.
    public boolean mayMap(long pageIndex) {
        rootLock.lock();
        try {
            return vmas.first(pageIndex, pageIndex) != null;
        } finally {
            rootLock.unlock();
        }
    }

    /// Whether a VMA is the only place for those pages of this `AnonVma` that lie in it.
    public boolean isOnlyVmaLocked(Vma vma) {
        assert rootLock.isHeldByCurrentThread();
        long first = vma.pageOffset();
        long last = first + vma.pageCount() - 1;
        VmaIntervalTree.Node only = vmas.first(first, last);
        return only != null && only.vma() == vma && vmas.next(only, first, last) == null;
    }

    /// The VMAs that the walk may visit.
    public int vmaCountLocked() {
        assert rootLock.isHeldByCurrentThread();
        return vmas.size();
    }

    /// Visits the VMAs that cover the page, in the order of [VmaIntervalTree].
    ///
    /// @kernel mm/rmap.c: rmap_walk_anon
    @Override
    public void walk(long pageIndex, RmapVisitor visitor) {
        lock();
        try {
            for (VmaIntervalTree.@Nullable Node node = vmas.first(pageIndex, pageIndex);
                    node != null;
                    node = vmas.next(node, pageIndex, pageIndex)) {
                visitor.visit(node.vma(), node.vma().addressOfIndex(pageIndex));
            }
        } finally {
            unlock();
        }
    }

    @Override
    public void walk(long firstIndex, int pageCount, RmapRangeVisitor visitor) {
        long lastIndex = firstIndex + pageCount - 1;
        lock();
        try {
            for (VmaIntervalTree.@Nullable Node node = vmas.first(firstIndex, lastIndex);
                    node != null;
                    node = vmas.next(node, firstIndex, lastIndex)) {
                Vma vma = node.vma();
                long first = Math.max(firstIndex, vma.pageOffset());
                long last = Math.min(lastIndex, vma.pageOffset() + vma.pageCount() - 1);
                visitor.visit(
                        vma,
                        vma.addressOfIndex(first),
                        (int) (first - firstIndex),
                        (int) (last - first + 1));
            }
        } finally {
            unlock();
        }
    }
}
