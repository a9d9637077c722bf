package farpage.mm.hugememory;

import farpage.mm.Machine;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.LeafVisitor;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Cuts a huge mapping into the 512 entries of the table that was deposited with it. The folio
/// stays whole. It can not fail.
///
/// @kernel mm/huge_memory.c: __split_huge_pmd
@SuppressWarnings("exports") // for the packages of this module; nobody else can name the types
public final class SplitPmd {
    private SplitPmd() {}

    /// Cuts the huge mapping at an address, if there is one; the mirrors are told of its 2 MiB in
    /// any case. The mmap lock is held, or what else keeps the VMA.
    public static void split(Vma vma, long address) {
        long start = PageSize.alignDownPmd(address);
        MmuNotifierRange range =
                MmuNotifierRange.of(MmuNotifierRange.Event.CLEAR, start, start + PageSize.PMD_SIZE);
        boolean started = vma.mm().notifiers().start(range);
        assert started;
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf != null && leaf.lockIfAlive()) {
            if (leaf.isHugeLocked()) {
                splitLocked(vma.mm().machine(), leaf);
            }
            leaf.unlock();
        }
        vma.mm().notifiers().end();
    }

    /// Cuts the huge mapping that an address lies in, if the address does not begin it, before the
    /// VMA is cut there. It is enough that there could be one for the mirrors to be told.
    ///
    /// @kernel mm/huge_memory.c: split_huge_pmd_if_needed
    public static void splitIfNeeded(Vma vma, long address) {
        long start = PageSize.alignDownPmd(address);
        if (start != address && start >= vma.start() && start + PageSize.PMD_SIZE <= vma.end()) {
            split(vma, address);
        }
    }

    /// Cuts the huge mapping of a leaf. Its folio has from then on a reference and a mapping for
    /// each page; what was exclusive is so page by page. The huge zero page becomes 512 mappings of
    /// the small one.
    ///
    /// @kernel mm/huge_memory.c: __split_huge_pmd_locked
    public static void splitLocked(Machine machine, PageTableLeaf leaf) {
        long word = leaf.pmdLocked();
        if (PageTableEntry.isPresent(word) && PageTableEntry.isUffdWp(word)) {
            leaf.setPmdLocked(PageTableEntry.withUffdWp(word)); // loses the right to write
        }
        splitFrozenLocked(machine, leaf);
    }

    /// The same for entries that are about to become migration entries, which remember that they
    /// were writable whatever else is marked.
    ///
    /// @kernel mm/huge_memory.c: __split_huge_pmd_locked with freeze
    public static void splitFrozenLocked(Machine machine, PageTableLeaf leaf) {
        long word = leaf.pmdLocked();
        machine.hugePages().counters().count(HugePageCounters.Event.SPLIT_PMD);
        if (PageTableEntry.isSpecial(word)) {
            splitZeroPageLocked(machine, leaf, word);
            return;
        }
        if (PageTableEntry.isMigration(word)) {
            leaf.splitLocked();
            return;
        }
        FolioTable folios = machine.folios();
        long head = PageTableEntry.page(word);
        assert !folios.hasFlag(head, FolioFlags.HUGETLB) : "pages of the pool are not cut";
        if (PageTableEntry.isPresent(word) && PageTableEntry.isDirty(word)) {
            folios.setFlag(head, FolioFlags.DIRTY);
        }
        folios.get(head, PageSize.ENTRIES_PER_TABLE - 1);
        folios.addMappings(head, PageSize.ENTRIES_PER_TABLE, 1);
        folios.removeEntireMapping(head);
        if (folios.hasFlag(head, FolioFlags.ANON_EXCLUSIVE)) {
            for (int page = 1; page < PageSize.ENTRIES_PER_TABLE; page++) {
                folios.setFlag(head + page, FolioFlags.ANON_EXCLUSIVE);
            }
        }
        leaf.splitLocked();
    }

    /// @kernel mm/huge_memory.c: __split_huge_zero_page_pmd
    private static void splitZeroPageLocked(Machine machine, PageTableLeaf leaf, long word) {
        leaf.splitLocked();
        long zero =
                PageTableEntry.withProtNone(
                        PageTableEntry.ofSpecial(machine.zeroPage()),
                        PageTableEntry.isProtNone(word));
        long entry = PageTableEntry.isUffdWp(word) ? PageTableEntry.withUffdWp(zero) : zero;
        for (int slot = 0; slot < PageSize.ENTRIES_PER_TABLE; slot++) {
            leaf.setEntryLocked(slot, entry);
        }
    }

    /// Visits each leaf of `[start, end)` that there is, under its lock, as
    /// [PageTable#walkLeaves(long, long, LeafVisitor)] does; but a huge mapping that reaches out of
    /// the range is cut first. So a leaf that the visitor finds huge is visited whole.
    public static void walkLeaves(Vma vma, long start, long end, LeafVisitor visitor) {
        PageTable pageTable = vma.mm().pageTable();
        for (long at = pageTable.nextMapped(start, end); at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            PageTableLeaf leaf = pageTable.lookupLeaf(at);
            assert leaf != null;
            boolean whole = PageTableLeaf.isWhole(at, stop);
            if (!whole && leaf.isHugeAcquire()) {
                split(vma, at);
            }
            leaf.lock();
            if (!whole && leaf.isHugeLocked()) {
                leaf.unlock(); // somebody was faster: once more
                continue;
            }
            visitor.visit(leaf, at, stop);
            leaf.unlock();
            at = pageTable.nextMapped(stop, end);
        }
    }
}
