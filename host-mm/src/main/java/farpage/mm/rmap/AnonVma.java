package farpage.mm.rmap;

import farpage.mm.Vma;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedLock;
import java.util.ArrayList;
import java.util.List;

/// The VMAs in which the anonymous pages of one VMA may be mapped: itself, the pieces it was split
/// into, and its copies in forked children. All that descend from one ancestor share its lock.
///
/// A page points to the `AnonVma` of the VMA in which it was first faulted in, and its index tells
/// the address in each of these VMAs.
///
/// @kernel include/linux/rmap.h: struct anon_vma
public final class AnonVma implements ReverseMap {
    private final RankedLock rootLock;
    private final List<Vma> vmas = new ArrayList<>();

    /// Starts a family of its own.
    public AnonVma() {
        rootLock = new RankedLock(LockRank.ANON_VMA);
    }

    /// Joins the family of the parent process.
    ///
    /// @kernel mm/rmap.c: anon_vma_fork
    public AnonVma(AnonVma parent) {
        rootLock = parent.rootLock;
    }

    public void lock() {
        rootLock.lock();
    }

    public void unlock() {
        rootLock.unlock();
    }

    public void linkLocked(Vma vma) {
        assert rootLock.isHeldByCurrentThread();
        assert !vmas.contains(vma);
        vmas.add(vma);
    }

    public void unlinkLocked(Vma vma) {
        assert rootLock.isHeldByCurrentThread();
        boolean removed = vmas.remove(vma);
        assert removed;
    }

    public boolean isSameFamily(AnonVma other) {
        return rootLock == other.rootLock;
    }

    /// Whether the pages of this `AnonVma` are looked for in the VMA.
    public boolean covers(Vma vma) {
        rootLock.lock();
        try {
            return vmas.contains(vma);
        } finally {
            rootLock.unlock();
        }
    }

    /// Whether a VMA is the only place for the pages of this `AnonVma`.
    public boolean isOnlyVmaLocked(Vma vma) {
        assert rootLock.isHeldByCurrentThread();
        return vmas.size() == 1 && vmas.getFirst() == vma;
    }

    /// @kernel mm/rmap.c: rmap_walk_anon
    @Override
    public void walk(long pageIndex, RmapVisitor visitor) {
        lock();
        try {
            for (int i = 0; i < vmas.size(); i++) {
                Vma vma = vmas.get(i);
                long address = vma.addressOfIndex(pageIndex);
                if (address >= 0) {
                    visitor.visit(vma, address);
                }
            }
        } finally {
            unlock();
        }
    }
}
