package farpage.mm;

import farpage.mm.hugememory.SplitPmd;
import farpage.mm.hugetlb.HugetlbMapping;
import farpage.mm.mempolicy.Mempolicy;
import farpage.mm.rmap.AnonVma;
import farpage.mm.userfaultfd.Userfaultfd;
import java.util.Collection;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// The VMAs of one process in address order, with the cutting and joining that changes of mappings
/// need. Guarded by the mmap lock.
///
/// @kernel mm/vma.c: the maple tree mm->mm_mt, vma_merge_existing_range, split_vma
final class VmaTree {
    private final TreeMap<Long, Vma> byStart = new TreeMap<>();

    /// The VMA that holds the address.
    @Nullable Vma lookup(long address) {
        Map.Entry<Long, Vma> floor = byStart.floorEntry(address);
        return floor != null && floor.getValue().contains(address) ? floor.getValue() : null;
    }

    /// The first VMA that ends after the address, as `find_vma` does.
    @Nullable Vma lookupFrom(long address) {
        Vma holding = lookup(address);
        return holding != null ? holding : valueOf(byStart.higherEntry(address));
    }

    @Nullable Vma previous(Vma vma) {
        return valueOf(byStart.lowerEntry(vma.start()));
    }

    @Nullable Vma next(Vma vma) {
        return valueOf(byStart.higherEntry(vma.start()));
    }

    private static @Nullable Vma valueOf(Map.@Nullable Entry<Long, Vma> entry) {
        return entry == null ? null : entry.getValue();
    }

    /// Where the VMA below the address ends; 0 if there is none.
    long endBelow(long address) {
        Vma below = valueOf(byStart.lowerEntry(address));
        return below == null ? 0 : below.end();
    }

    /// Where the first VMA at or above the address begins; if there is none, where the last page
    /// table ends, a page beyond the last address.
    long startAbove(long address) {
        Vma above = valueOf(byStart.ceilingEntry(address));
        return above == null ? PageSize.TASK_SIZE + PageSize.PAGE_SIZE : above.start();
    }

    /// The highest place of the given size and alignment where nothing is mapped; negative if there
    /// is none.
    ///
    /// @kernel mm/vma.c: unmapped_area_topdown
    long highestHole(long size, long alignment, long lowest) {
        if (alignment == PageSize.PAGE_SIZE) {
            return highestHole(size, lowest);
        }
        long hole = highestHole(size + alignment - PageSize.PAGE_SIZE, lowest);
        return hole < 0 ? hole : hole + alignment - PageSize.PAGE_SIZE & -alignment;
    }

    /// The highest place of the given size where nothing is mapped; negative if there is none.
    ///
    /// @kernel mm/vma.c: unmapped_area_topdown
    long highestHole(long size, long lowest) {
        long top = PageSize.TASK_SIZE;
        while (top - size >= lowest) {
            long floor = Math.max(endBelow(top), lowest);
            if (top - floor >= size) {
                return top - size;
            }
            Vma below = lookup(floor - 1);
            if (below == null) {
                return -1;
            }
            top = below.start();
        }
        return -1;
    }

    Collection<Vma> all() {
        return Collections.unmodifiableCollection(byStart.values());
    }

    int count() {
        return byStart.size();
    }

    void add(Vma vma) {
        Vma replaced = byStart.put(vma.start(), vma);
        assert replaced == null;
        FileLinks.link(vma);
    }

    void remove(Vma vma) {
        Vma removed = byStart.remove(vma.start());
        assert removed == vma;
        HugetlbMapping.close(vma);
        AnonVmaLinks.unlinkAll(vma);
        FileLinks.unlink(vma);
    }

    /// Cuts the VMA that holds the address so that one begins there.
    ///
    /// @kernel mm/vma.c: __split_vma
    void splitAt(long address) {
        Vma low = lookup(address);
        if (low == null || low.start() == address) {
            return;
        }
        SplitPmd.splitIfNeeded(low, address);
        Vma high = low.duplicate(low.mm(), address, low.end(), low.pageIndex(address));
        AnonVmaLinks.cloneChain(low, high);
        FileLinks.link(high);
        FileLinks.setBounds(low, low.start(), address);
        byStart.put(address, high);
    }

    /// Gives the part `[start, end)` of a VMA other flags: the rest is cut off, and the part is
    /// joined with its neighbours where nothing tells them apart any more.
    ///
    /// @return the VMA that the part is in now
    /// @kernel mm/vma.c: vma_modify_flags
    Vma modifyFlags(long start, long end, int flags) {
        splitAt(start);
        splitAt(end);
        Vma part = lookup(start);
        assert part != null;
        assert part.end() == end;
        part.setFlags(flags);
        return mergeAround(part);
    }

    /// The same, with who is asked about faults in the part.
    ///
    /// @param registered what is registered, of [VmFlags#UFFD]
    /// @kernel mm/vma.c: vma_modify_flags_uffd
    Vma modifyUserfaultfd(long start, long end, @Nullable Userfaultfd registrant, int registered) {
        splitAt(start);
        splitAt(end);
        Vma part = lookup(start);
        assert part != null;
        assert part.end() == end;
        part.setUserfaultfd(registrant, registered);
        return mergeAround(part);
    }

    /// The same, with which nodes the pages of the part come from.
    ///
    /// @kernel mm/vma.c: vma_modify_policy
    Vma modifyMempolicy(long start, long end, @Nullable Mempolicy policy) {
        splitAt(start);
        splitAt(end);
        Vma part = lookup(start);
        assert part != null;
        assert part.end() == end;
        part.setMempolicy(policy);
        return mergeAround(part);
    }

    /// Joins the VMA with its neighbours where nothing tells them apart.
    ///
    /// @kernel mm/vma.c: vma_merge_existing_range
    Vma mergeAround(Vma vma) {
        Vma merged = vma;
        Vma below = previous(merged);
        if (below != null && canMerge(below, merged)) {
            merged = merge(below, merged);
        }
        Vma above = next(merged);
        if (above != null && canMerge(merged, above)) {
            merged = merge(merged, above);
        }
        return merged;
    }

    @SuppressWarnings("ReferenceEquality") // a context is known by identity
    private static boolean canMerge(Vma low, Vma high) {
        return isSameKind(low, high, VmFlags.STICKY)
                && low.userfaultfd() == high.userfaultfd()
                && Objects.equals(low.mempolicy(), high.mempolicy())
                && (low.flags() & VmFlags.SPECIAL) == 0
                && isContiguous(low, high)
                && hasMergeableAnonVma(low, high);
    }

    private static boolean isSameKind(Vma low, Vma high, int ignoredFlags) {
        return ((low.flags() ^ high.flags()) & ~ignoredFlags) == 0;
    }

    private static boolean isContiguous(Vma low, Vma high) {
        return low.end() == high.start()
                && low.file() == high.file()
                && low.pageOffset() + low.pageCount() == high.pageOffset();
    }

    /// One without pages takes over the other's, unless that other has pages of a parent too.
    ///
    /// @kernel mm/vma.c: is_mergeable_anon_vma
    private static boolean hasMergeableAnonVma(Vma low, Vma high) {
        AnonVma lowOwn = low.anonVma();
        AnonVma highOwn = high.anonVma();
        if (lowOwn == highOwn) {
            return true;
        }
        if (lowOwn != null && highOwn != null) {
            return false;
        }
        return (lowOwn != null ? low : high).anonVmaChain().size() == 1;
    }

    /// Extends one of the two over the other: the one that already has pages.
    private Vma merge(Vma low, Vma high) {
        Vma kept = low.anonVma() == null && high.anonVma() != null ? high : low;
        Vma gone = kept == low ? high : low;
        long start = low.start();
        long end = high.end();
        byStart.remove(low.start());
        byStart.remove(high.start());
        kept.setFlags(kept.flags() | gone.flags() & VmFlags.STICKY);
        // In this order, so that the reverse map reaches every page at every moment.
        FileLinks.setBounds(kept, start, end);
        AnonVmaLinks.unlinkAll(gone);
        FileLinks.unlink(gone);
        byStart.put(start, kept);
        return kept;
    }

    /// The `AnonVma` of a neighbour that this VMA could be joined with but for its access flags, so
    /// that they still can be joined when the flags become equal.
    ///
    /// @kernel mm/vma.c: find_mergeable_anon_vma
    @Nullable AnonVma reusableAnonVma(Vma vma) {
        Vma above = next(vma);
        if (above != null && isContiguous(vma, above)) {
            AnonVma reusable = reusable(vma, above);
            if (reusable != null) {
                return reusable;
            }
        }
        Vma below = previous(vma);
        return below != null && isContiguous(below, vma) ? reusable(vma, below) : null;
    }

    private static @Nullable AnonVma reusable(Vma vma, Vma neighbour) {
        boolean sameKind = isSameKind(vma, neighbour, VmFlags.ACCESS | VmFlags.STICKY);
        return sameKind && neighbour.anonVmaChain().size() == 1 ? neighbour.anonVma() : null;
    }
}
