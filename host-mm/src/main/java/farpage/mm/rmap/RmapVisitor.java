package farpage.mm.rmap;

import farpage.mm.Vma;

/// What is done at each place where a page may be mapped. The lock that keeps the places from going
/// away is held.
///
/// @kernel include/linux/rmap.h: struct rmap_walk_control, rmap_one
@FunctionalInterface
public interface RmapVisitor {
    void visit(Vma vma, long address);
}
