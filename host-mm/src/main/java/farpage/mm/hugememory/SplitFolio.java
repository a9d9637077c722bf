package farpage.mm.hugememory;

import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.file.FileMapping;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.RemoveMigrationEntries;
import farpage.mm.rmap.TryToMigrate;
import farpage.mm.rmap.TryToUnmap;

/// Cuts a large folio into smaller ones, wherever it is mapped. Of anonymous memory every mapping
/// becomes migration entries for the time of the cut, and then maps the piece that it belongs to. A
/// file's pages are not mapped any more: who needs them finds the pieces in the file. But where
/// pages of files move to devices they are mapped again, since a migration goes by mappings.
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
    /// nobody maps are freed, unless a file has them and does not end before them. No leaf is
    /// locked.
    ///
    /// @param page any page of the folio
    /// @param newOrder of the pieces: 0, or a size that a large folio can have
    /// @return false, and nothing changed but that a file's pages may not be mapped any more, if
    ///   somebody else holds a reference
    /// @kernel mm/huge_memory.c: split_huge_page_to_list_to_order
    public boolean split(long page, int newOrder) {
        assert folios.isLocked(page);
        long head = folios.head(page);
        int order = folios.order(head);
        assert newOrder < order : "pieces must be smaller than the folio";
        assert folios.isAnonymous(head) || folios.mapping(head) instanceof FileMapping;
        int expected = 1 + FileMapping.cacheReferences(folios, head);
        if (folios.refCount(head) != folios.mapCount(head) + expected) {
            return refused(order);
        }
        boolean staysMapped = staysMapped(page);
        if (staysMapped) {
            new TryToMigrate(machine, true).unmap(head);
        } else {
            TryToUnmap.ofCutFileFolio(machine).unmap(head);
        }
        if (folios.mapCount(head) > 0 || !cut(head, newOrder)) {
            if (staysMapped) {
                new RemoveMigrationEntries(machine).restore(head, head);
            }
            return refused(order);
        }
        count(order);
        int pageCount = 1 << order;
        if (staysMapped) {
            new RemoveMigrationEntries(machine, true).restore(head, head, pageCount);
        }
        long kept = folios.head(page);
        for (long piece = head; piece < head + pageCount; piece += 1 << newOrder) {
            if (piece != kept) {
                letGo(piece);
            }
        }
        return true;
    }

    /// Whether the pieces are mapped where the folio was. A broken page of a file is not.
    ///
    /// @kernel mm/huge_memory.c: remap_page
    private boolean staysMapped(long page) {
        return folios.isAnonymous(page)
                || Page.isDevice(page)
                || machine.filesOnDevices().movesPages()
                        && !folios.hasFlag(page, FolioFlags.HWPOISON);
    }

    /// A piece beyond the end of its file leaves it.
    private void letGo(long piece) {
        if (folios.mapping(piece) instanceof FileMapping file
                && folios.mapCount(piece) == 0
                && folios.index(piece) >= file.pageCount()) {
            file.removeLocked(folios.index(piece), piece);
        }
        folios.unlock(piece);
        machine.put(piece);
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
        if (!cut(page, newOrder)) {
            return refused(order);
        }
        count(order);
        return true;
    }

    /// The cut itself. Every piece gets one reference, beside those of a file.
    ///
    /// @return false, and nothing changed, if there are other references
    private boolean cut(long head, int newOrder) {
        int order = folios.order(head);
        if (folios.mapping(head) instanceof FileMapping file) {
            return file.split(head, newOrder, () -> splitFrozen(head, order, newOrder));
        }
        if (!folios.freezeReferences(head, 1)) {
            return false;
        }
        splitFrozen(head, order, newOrder);
        for (long piece = head; piece < head + (1L << order); piece += 1L << newOrder) {
            folios.unfreezeReferences(piece, 1);
        }
        return true;
    }

    private void splitFrozen(long head, int order, int newOrder) {
        folios.split(head, newOrder);
        if (Page.isDevice(head)) {
            machine.pagemap(head).splitFolio(head, order, newOrder);
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
