package farpage.mm.fault;

import farpage.mm.Machine;
import farpage.mm.Mprotect;
import farpage.mm.Page;
import farpage.mm.memory.FolioTable;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.migrate.IsolatedFolios;
import farpage.mm.migrate.MigrateFolios;
import farpage.mm.numa.NumaNodes;
import farpage.mm.numa.NumaStat;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// A CPU touches a page whose entry a scan made inaccessible: if the page lies below the top tier
/// it moves to the CPU's node, provided there is free memory. In any case the access goes on.
///
/// @kernel mm/memory.c: do_numa_page; mm/huge_memory.c: do_huge_pmd_numa_page
final class NumaHintFault {
    private final PageFault fault;
    private final PageTableLeaf leaf;
    private final long entry;
    private final Machine machine;

    private NumaHintFault(PageFault fault, PageTableLeaf leaf, long entry) {
        this.fault = fault;
        this.leaf = leaf;
        this.entry = entry;
        this.machine = fault.mm().machine();
    }

    /// Whether the entry is one that a scan changed, and not one of memory that nobody may touch.
    static boolean isHint(PageFault fault, long entry) {
        return PageTableEntry.isProtNone(entry) && fault.vma().isAccessible();
    }

    /// @param entry present, of a page or huge, and a hint
    static FaultResult handle(PageFault fault, PageTableLeaf leaf, long entry) {
        return new NumaHintFault(fault, leaf, entry).handle();
    }

    private FaultResult handle() {
        FolioTable folios = machine.folios();
        leaf.lock();
        if (current() != entry) {
            leaf.unlock();
            return FaultResult.HANDLED;
        }
        long head = folios.head(PageTableEntry.page(entry));
        boolean held = !Page.isDevice(head) && folios.tryGet(head);
        leaf.unlock();
        if (held) {
            int node = machine.numa().node(head);
            countFault(node);
            if (!machine.numa().isTopTier(node) && promote(head)) {
                return FaultResult.HANDLED;
            }
            if (machine.numa().isTopTier(node)) {
                machine.put(head);
            }
        }
        restore();
        return FaultResult.HANDLED;
    }

    private long current() {
        return leaf.isHugeLocked()
                ? leaf.pmdLocked()
                : leaf.entryLocked(PageTableLeaf.slot(fault.address()));
    }

    private void countFault(int node) {
        NumaStat stat = machine.numa().stat();
        stat.count(node, NumaStat.Event.NUMA_HINT_FAULTS, 1);
        if (node == NumaNodes.LOCAL) {
            stat.count(node, NumaStat.Event.NUMA_HINT_FAULTS_LOCAL, 1);
        }
    }

    /// The reference to the folio is gone afterwards. Nothing is reclaimed or waited for.
    ///
    /// @kernel mm/migrate.c: migrate_misplaced_folio
    private boolean promote(long head) {
        boolean hasRoom =
                machine.ram().freePageCount(NumaNodes.LOCAL) >= machine.folios().pageCount(head);
        int moved = 0;
        try (IsolatedFolios isolated = new IsolatedFolios(machine)) {
            boolean taken = hasRoom && isolated.isolate(head).isOk();
            machine.put(head);
            if (taken) {
                FolioDestinations destinations =
                        FolioDestinations.freeOnNode(machine, NumaNodes.LOCAL);
                moved =
                        new MigrateFolios(machine, destinations, false)
                                .migrate(isolated)
                                .migratedPages();
            }
        }
        NumaStat stat = machine.numa().stat();
        stat.count(NumaNodes.LOCAL, NumaStat.Event.NUMA_PAGES_MIGRATED, moved);
        stat.count(NumaNodes.LOCAL, NumaStat.Event.PGPROMOTE_SUCCESS, moved);
        return moved > 0;
    }

    /// Makes the entry accessible again where the page stays.
    private void restore() {
        leaf.lock();
        if (current() == entry) {
            long accessible =
                    PageTableEntry.withAccess(PageTableEntry.withProtNone(entry, false), false);
            long restored =
                    Mprotect.canChangeWritable(fault.vma(), accessible)
                            ? PageTableEntry.withWrite(accessible)
                            : accessible;
            if (leaf.isHugeLocked()) {
                leaf.setPmdLocked(restored);
            } else {
                leaf.setEntryLocked(PageTableLeaf.slot(fault.address()), restored);
            }
        }
        leaf.unlock();
    }
}
