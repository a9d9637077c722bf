package farpage.mm.numa;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.mempolicy.Mempolicy;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Looks for memory on slow nodes that is used: entries of such pages are made inaccessible, so
/// that the next access of a CPU faults and promotes the page. Somebody has to call it now and
/// then, as the scheduler does.
///
/// Pages that lie in the top tier are passed over, and so are pages of devices, merged pages, and
/// memory whose policy does not permit node 0.
///
/// @kernel kernel/sched/fair.c: task_numa_work; mm/mprotect.c: change_prot_numa
public final class NumaBalancing {
    private final Machine machine;
    private final NumaNodes numa;
    private int[] updates = new int[0];

    private NumaBalancing(Machine machine) {
        this.machine = machine;
        this.numa = machine.numa();
    }

    /// Marks the pages of a process that lie below the top tier.
    ///
    /// @return how many base pages' entries were changed
    public static long scan(Mm mm) {
        return scan(mm, 0, PageSize.TASK_SIZE);
    }

    /// The same within `[start, end)`.
    public static long scan(Mm mm, long start, long end) {
        NumaBalancing balancing = new NumaBalancing(mm.machine());
        if (balancing.numa.isSingle()) {
            return 0;
        }
        balancing.updates = new int[balancing.numa.count()];
        mm.lockRead();
        try {
            for (Vma vma : mm.vmas()) {
                long from = Math.max(start, vma.start());
                long to = Math.min(end, vma.end());
                if (from < to && isScanned(vma)) {
                    balancing.scan(vma, from, to);
                }
            }
        } finally {
            mm.unlockRead();
        }
        return balancing.count();
    }

    /// @kernel mm/mempolicy.c: vma_migratable, vma_policy_mof
    private static boolean isScanned(Vma vma) {
        Mempolicy policy = vma.effectiveMempolicy();
        int never = VmFlags.IO | VmFlags.PFNMAP | VmFlags.HUGETLB;
        return vma.isAccessible()
                && (vma.flags() & never) == 0
                && (policy == null || policy.permits(NumaNodes.LOCAL));
    }

    private void scan(Vma vma, long start, long end) {
        Mm mm = vma.mm();
        boolean started =
                mm.notifiers()
                        .start(
                                MmuNotifierRange.of(
                                        MmuNotifierRange.Event.PROTECTION_VMA, start, end));
        assert started;
        mm.pageTable().walkLeaves(start, end, this::scanLocked);
        mm.notifiers().end();
    }

    private void scanLocked(PageTableLeaf leaf, long from, long to) {
        if (leaf.isHugeLocked()) {
            if (isMarked(leaf.pmdLocked())) {
                leaf.setPmdLocked(PageTableEntry.withProtNone(leaf.pmdLocked(), true));
                note(leaf.pmdLocked(), PageSize.ENTRIES_PER_TABLE);
            }
            return;
        }
        for (long address = from; address < to; address += PageSize.PAGE_SIZE) {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            if (isMarked(entry)) {
                leaf.setEntryLocked(slot, PageTableEntry.withProtNone(entry, true));
                note(entry, 1);
            }
        }
    }

    private void note(long entry, int pages) {
        updates[numa.node(PageTableEntry.page(entry))] += pages;
    }

    /// @kernel mm/mprotect.c: prot_numa_skip
    private boolean isMarked(long entry) {
        if (!PageTableEntry.isReadable(entry) || PageTableEntry.isSpecial(entry)) {
            return false;
        }
        long page = PageTableEntry.page(entry);
        return !Page.isDevice(page)
                && !numa.isTopTier(numa.node(page))
                && !machine.folios().hasFlag(page, FolioFlags.KSM);
    }

    private long count() {
        long sum = 0;
        for (int node = 0; node < updates.length; node++) {
            numa.stat().count(node, NumaStat.Event.NUMA_PTE_UPDATES, updates[node]);
            sum += updates[node];
        }
        return sum;
    }
}
