package farpage.mm.rmap;

import farpage.mm.Machine;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Counts the mappings through which a page was used since the last look, and forgets the uses.
///
/// @kernel mm/rmap.c: folio_referenced
public final class FolioReferenced {
    private final Machine machine;
    private int used;
    private boolean locked;

    public FolioReferenced(Machine machine) {
        this.machine = machine;
    }

    /// The folio is locked and the caller holds a reference.
    public int count(long page) {
        used = 0;
        locked = false;
        RmapWalk.walk(machine, page, (vma, address) -> look(page, vma, address));
        return used;
    }

    /// Whether the last page counted is mapped where pages are locked in memory.
    public boolean isLocked() {
        return locked;
    }

    private void look(long page, Vma vma, long address) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null || !leaf.lockIfAlive()) {
            return;
        }
        int slot = PageTableLeaf.slot(address);
        long entry = leaf.entryLocked(slot);
        if (PageTableEntry.isPresent(entry) && PageTableEntry.page(entry) == page) {
            locked |= (vma.flags() & VmFlags.LOCKED) != 0;
            if (PageTableEntry.isYoung(entry)) {
                leaf.setEntryLocked(slot, PageTableEntry.withoutYoung(entry));
                used++;
            }
        }
        leaf.unlock();
    }
}
