package farpage.mm.migrate;

import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.hugememory.SplitFolio;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.RmapWalk;

/// Cuts a large source in the middle of its migration, because its destinations are smaller: the
/// folio is unmapped and locked, and only migration entries name it. The migration goes on with the
/// pieces, each locked and with one reference.
///
/// @kernel mm/migrate_device.c: migrate_vma_split_unmapped_folio
final class SplitUnmapped {
    private final Machine machine;
    private final FolioTable folios;
    private final long faultPage;
    private final long[] src;
    private final long[] dst;

    SplitUnmapped(Machine machine, long faultPage, long[] src, long[] dst) {
        this.machine = machine;
        this.folios = machine.folios();
        this.faultPage = faultPage;
        this.src = src;
        this.dst = dst;
    }

    /// The order of the destinations that the driver gave for a large source: that of the first one
    /// there is.
    ///
    /// @return -1 if there is none
    int destinationOrder(int i) {
        int pageCount = 1 << MigratePfn.order(src[i]);
        for (int at = i; at < i + pageCount; at++) {
            if (MigratePfn.hasPage(dst[at])) {
                return MigratePfn.order(dst[at]);
            }
        }
        return -1;
    }

    /// Cuts a source and gives each piece its word.
    ///
    /// @return false if somebody else holds a reference. So the folio of a CPU's fault is never cut
    ///   here; but pages map it from then on, and the fault that follows has it cut
    boolean split(int i, int newOrder) {
        long head = MigratePfn.page(src[i]);
        int order = MigratePfn.order(src[i]);
        boolean writable = MigratePfn.isWritable(src[i]);
        cutEntries(head, 1 << order);
        if (FaultFolio.is(folios, faultPage, head)) {
            return false;
        }
        if (!new SplitFolio(machine).splitUnmapped(head, newOrder)) {
            return false;
        }
        for (int done = 0; done < 1 << order; done += 1 << newOrder) {
            src[i + done] = MigratePfn.ofSourceFolio(head + done, newOrder, writable);
        }
        return true;
    }

    /// Huge migration entries become tables of such for the pages.
    private void cutEntries(long head, int pageCount) {
        RmapWalk.walk(
                machine,
                head,
                pageCount,
                (vma, address, first, count) -> cutEntries(vma, address, count, head));
    }

    private static void cutEntries(Vma vma, long address, int pageCount, long head) {
        long end = address + PageSize.pageAddress(pageCount);
        for (long at = address; at < end; at = PageTable.leafEnd(at, end)) {
            PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(at);
            if (leaf != null && leaf.lockIfAlive()) {
                long word = leaf.pmdLocked();
                if (PageTableEntry.isMigration(word) && PageTableEntry.page(word) == head) {
                    leaf.splitLocked();
                }
                leaf.unlock();
            }
        }
    }
}
