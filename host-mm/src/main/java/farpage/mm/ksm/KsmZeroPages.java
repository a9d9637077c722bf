package farpage.mm.ksm;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import java.util.List;

/// Mappings of the zero page that the merger put in the place of pages of zeros. They are marked
/// dirty, which no other mapping of the zero page is, because they can be undone like a merge.
///
/// @kernel include/linux/ksm.h: is_ksm_zero_pte
final class KsmZeroPages {
    private KsmZeroPages() {}

    /// The entry of such a mapping.
    static long entry(Machine machine) {
        return PageTableEntry.withDirty(PageTableEntry.ofSpecial(machine.zeroPage()));
    }

    /// Whether an entry is such a mapping.
    static boolean isKsmZero(Machine machine, long entry) {
        return PageTableEntry.isPresent(entry)
                && PageTableEntry.isSpecial(entry)
                && PageTableEntry.isDirty(entry)
                && PageTableEntry.page(entry) == machine.zeroPage();
    }

    /// How many there are in these processes now. The caller holds no lock of them.
    ///
    /// @kernel /sys/kernel/mm/ksm/ksm_zero_pages
    static long count(Machine machine, List<Mm> processes) {
        long count = 0;
        for (Mm mm : processes) {
            mm.lockRead();
            try {
                count += mm.isExited() ? 0 : count(machine, mm.pageTable());
            } finally {
                mm.unlockRead();
            }
        }
        return count;
    }

    private static long count(Machine machine, PageTable pageTable) {
        long end = PageSize.TASK_SIZE + PageSize.PAGE_SIZE;
        long count = 0;
        for (long at = pageTable.nextMapped(0, end); at < end; ) {
            PageTableLeaf leaf = pageTable.lookupLeaf(at);
            assert leaf != null;
            for (int slot = 0; slot < PageSize.ENTRIES_PER_TABLE; slot++) {
                count += isKsmZero(machine, leaf.entryAcquire(slot)) ? 1 : 0;
            }
            at = pageTable.nextMapped(PageTable.leafEnd(at, end), end);
        }
        return count;
    }
}
