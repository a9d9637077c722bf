package farpage.mm.hugetlb;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;

/// What happens to mappings of huge pages when they are made, cut, copied and removed.
///
/// @kernel mm/hugetlb.c: hugetlb_vm_ops
@SuppressWarnings("exports") // for the packages of this module; nobody else can name the types
public final class HugetlbMapping {
    private HugetlbMapping() {}

    /// The number of the huge page that begins at an address, by which its reservation is known.
    static long index(Vma vma, long address) {
        return vma.pageIndex(address) >> PageSize.HPAGE_PMD_ORDER;
    }

    private static long pageCount(long start, long end) {
        return end - start >> PageSize.PMD_SHIFT;
    }

    /// Reserves the pages of a new mapping, which nobody knows yet.
    ///
    /// @return ENOMEM if the pool has not so many
    /// @kernel fs/hugetlbfs/inode.c: hugetlbfs_file_mmap
    public static Errno open(Vma vma) {
        HugetlbReservation reservation =
                new HugetlbReservation(
                        index(vma, vma.start()), (int) pageCount(vma.start(), vma.end()));
        if (!vma.mm().machine().hugetlb().reserve(reservation)) {
            return Errno.ENOMEM;
        }
        vma.setHugetlbReservation(reservation);
        return Errno.OK;
    }

    /// Gives up what a mapping that goes has reserved; its pages are gone.
    public static void close(Vma vma) {
        HugetlbReservation reservation = vma.hugetlbReservation();
        if (reservation != null) {
            vma.mm()
                    .machine()
                    .hugetlb()
                    .release(
                            reservation,
                            index(vma, vma.start()),
                            pageCount(vma.start(), vma.end()));
        }
    }

    /// Whether a mapping could be cut at an address, if it is of huge pages.
    ///
    /// @kernel mm/hugetlb.c: hugetlb_vm_op_split
    public static boolean mayCut(Vma vma, long address) {
        return !vma.isHugetlb()
                || PageSize.alignDownPmd(address) == address
                || !vma.contains(address);
    }

    /// Removes the page of a leaf. If the mapping stays it is reserved again.
    ///
    /// @kernel mm/hugetlb.c: __unmap_hugepage_range
    public static void zapLocked(Vma vma, PageTableLeaf leaf, long address, boolean stays) {
        Machine machine = vma.mm().machine();
        long page = PageTableEntry.page(leaf.pmdLocked());
        leaf.setPmdLocked(PageTableEntry.NONE);
        vma.mm().addHugetlbPages(-1);
        machine.folios().removeEntireMapping(page);
        machine.put(page);
        HugetlbReservation reservation = vma.hugetlbReservation();
        if (stays && reservation != null) {
            machine.hugetlb().restore(reservation, index(vma, address));
        }
    }

    /// Gives a forked child a copy of a pinned page at once.
    ///
    /// @return false if no page of the pool is free
    /// @kernel mm/hugetlb.c: copy_hugetlb_page_range
    public static boolean copyPinnedLocked(
            Vma child, PageTableLeaf to, long address, long parentPage) {
        Machine machine = child.mm().machine();
        long page = machine.hugetlb().allocate(null, 0);
        if (page == Page.NONE) {
            return false;
        }
        copyBytes(machine, parentPage, page);
        AnonVma anonVma = child.anonVma();
        assert anonVma != null : "the parent's VMA has pages, so the child's has an AnonVma";
        FolioTable folios = machine.folios();
        folios.setMapping(page, anonVma, child.pageIndex(address));
        folios.setFlag(page, FolioFlags.UPTODATE | FolioFlags.ANON_EXCLUSIVE);
        folios.addEntireMapping(page);
        long entry = PageTableEntry.withStore(PageTableEntry.ofPage(page, child.isWritable()));
        to.setPmdLocked(child.isAccessible() ? entry : PageTableEntry.withProtNone(entry, true));
        child.mm().addHugetlbPages(1);
        return true;
    }

    static void copyBytes(Machine machine, long from, long to) {
        for (int i = 0; i < PageSize.ENTRIES_PER_TABLE; i++) {
            machine.ram().copy(from + i, to + i);
        }
    }
}
