package farpage.mm.hugememory;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.RemoveMigrationEntries;
import farpage.mm.rmap.TryToMigrate;

/// Cuts a large folio of anonymous memory into smaller ones, wherever it is mapped: every mapping
/// becomes migration entries for the time of the cut, and then maps the piece that it belongs to.
///
/// Nobody else may hold a reference: who does relies on the folio as it is.
///
/// @kernel mm/huge_memory.c: __folio_split
public final class SplitFolio {
    private final Machine machine;
    private final FolioTable folios;

    public SplitFolio(Machine machine) {
        this.machine = machine;
        this.folios = machine.folios();
    }

    /// Cuts a folio. The caller has locked it and holds one reference; if the cut is made, both are
    /// those of the piece that `page` belongs to, and the other pieces are unlocked. Pieces that
    /// nobody maps are freed. No leaf is locked.
    ///
    /// @param page any page of the folio
    /// @param newOrder of the pieces: 0, or a size that a large folio can have
    /// @return false, and nothing changed, if somebody else holds a reference
    /// @kernel mm/huge_memory.c: split_huge_page_to_list_to_order
    public boolean split(long page, int newOrder) {
        assert folios.isLocked(page);
        long head = folios.head(page);
        int order = folios.order(head);
        assert newOrder < order : "pieces must be smaller than the folio";
        assert folios.isAnonymous(head);
        if (folios.refCount(head) != folios.mapCount(head) + 1) {
            return refused(order);
        }
        new TryToMigrate(machine, true).unmap(head);
        if (folios.mapCount(head) > 0 || !folios.freezeReferences(head, 1)) {
            new RemoveMigrationEntries(machine).restore(head, head);
            return refused(order);
        }
        splitFrozen(machine, head, newOrder);
        count(order);
        int pageCount = 1 << order;
        new RemoveMigrationEntries(machine, true).restore(head, head, pageCount);
        long kept = folios.head(page);
        for (long piece = head; piece < head + pageCount; piece += 1 << newOrder) {
            if (piece != kept) {
                folios.unlock(piece);
                machine.put(piece);
            }
        }
        return true;
    }

    /// Cuts a folio that is mapped nowhere but by migration entries, for a migration that goes on
    /// piece by piece: every piece stays locked and has one reference, the caller's.
    ///
    /// @param page its head
    /// @return false, and nothing changed, if anybody but the caller holds a reference
    /// @kernel mm/huge_memory.c: folio_split_unmapped
    public boolean splitUnmapped(long page, int newOrder) {
        int order = folios.order(page);
        assert folios.mapCount(page) == 0;
        if (!folios.freezeReferences(page, 1)) {
            return refused(order);
        }
        splitFrozen(machine, page, newOrder);
        count(order);
        return true;
    }

    /// The cut itself. Every piece gets one reference.
    private static void splitFrozen(Machine machine, long head, int newOrder) {
        FolioTable folios = machine.folios();
        int order = folios.order(head);
        folios.split(head, newOrder);
        if (Page.isDevice(head)) {
            machine.pagemap(head).splitFolio(head, order, newOrder);
        }
        for (long piece = head; piece < head + (1L << order); piece += 1L << newOrder) {
            folios.unfreezeReferences(piece, 1);
        }
    }

    private boolean refused(int order) {
        HugePageCounters counters = machine.hugePages().counters();
        counters.count(HugePageCounters.SizeEvent.SPLIT_FAILED, order, 1);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            counters.count(HugePageCounters.Event.SPLIT_PAGE_FAILED);
        }
        return false;
    }

    private void count(int order) {
        HugePageCounters counters = machine.hugePages().counters();
        counters.count(HugePageCounters.SizeEvent.SPLIT, order, 1);
        if (order == PageSize.HPAGE_PMD_ORDER) {
            counters.count(HugePageCounters.Event.SPLIT_PAGE);
        }
    }
}
