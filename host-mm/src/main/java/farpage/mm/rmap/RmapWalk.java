package farpage.mm.rmap;

import farpage.mm.Machine;
import farpage.mm.Vma;

/// Visits every place where an anonymous page may be mapped.
///
/// The folio is locked by the caller, so the page keeps its `AnonVma` and its index.
///
/// @kernel mm/rmap.c: rmap_walk_anon
final class RmapWalk {
    private RmapWalk() {}

    /// What is done at each place. The `AnonVma` lock is held.
    @FunctionalInterface
    interface Visitor {
        void visit(Vma vma, long address);
    }

    static void walk(Machine machine, long page, Visitor visitor) {
        assert machine.folios().isLocked(page);
        if (!(machine.folios().mapping(page) instanceof AnonVma anonVma)) {
            return;
        }
        long index = machine.folios().index(page);
        anonVma.lock();
        try {
            for (int i = 0; i < anonVma.vmaCountLocked(); i++) {
                Vma vma = anonVma.vmaLocked(i);
                long address = vma.addressOfIndex(index);
                if (address >= 0) {
                    visitor.visit(vma, address);
                }
            }
        } finally {
            anonVma.unlock();
        }
    }
}
