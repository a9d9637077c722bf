package farpage.mm.migrate;

import farpage.mm.Machine;

/// Who chooses where folios go. What it answers is where the contents are afterwards.
///
/// @kernel include/linux/migrate.h: new_folio_t, free_folio_t
@FunctionalInterface
public interface FolioDestinations {
    /// A system folio for a source: of its order, with one reference, in nobody's hands. The source
    /// is locked, other folios may be; nothing inner.
    ///
    /// @return [farpage.mm.Page#NONE] if there is none
    long allocate(long source, int order);

    /// Takes back a destination that was not needed, with the one reference to it.
    default void putBack(Machine machine, long page) {
        machine.put(page);
    }

    /// Any folio that is free. For a base page others are reclaimed; a large source without such a
    /// destination goes page by page.
    ///
    /// @kernel mm/migrate.c: alloc_migration_target
    static FolioDestinations anywhere(Machine machine) {
        return (source, order) ->
                order == 0 ? machine.allocateFolio(0) : machine.tryAllocateFolio(order);
    }

    /// A folio of one node and no other. For a base page others of that node are reclaimed.
    ///
    /// @kernel mm/migrate.c: alloc_migration_target with __GFP_THISNODE
    static FolioDestinations onNode(Machine machine, int node) {
        int[] nodes = {node};
        return (source, order) ->
                order == 0
                        ? machine.allocateFolioOn(node, 0)
                        : machine.tryAllocateFolio(order, nodes);
    }

    /// A folio of one node that is free; nothing is reclaimed for it.
    ///
    /// @kernel mm/vmscan.c: alloc_demote_folio; mm/migrate.c: alloc_misplaced_dst_folio
    static FolioDestinations freeOnNode(Machine machine, int node) {
        int[] nodes = {node};
        return (source, order) -> machine.tryAllocateFolio(order, nodes);
    }
}
