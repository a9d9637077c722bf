package farpage.mm.pagetable;

/// What is done with the part of a range that lies in one leaf. The leaf is locked.
///
/// @kernel include/linux/pagewalk.h: struct mm_walk_ops, pmd_entry
@FunctionalInterface
public interface LeafVisitor {
    void visit(PageTableLeaf leaf, long start, long end);
}
