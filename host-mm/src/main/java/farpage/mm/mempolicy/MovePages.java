package farpage.mm.mempolicy;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// `move_pages`: asks for pages of a process to be moved to nodes, or where they are.
///
/// A page's status is the number of its node, or a negative error number: ENOENT where no page is
/// mapped, and for pages of devices; EFAULT outside the mappings and for the zero page.
///
/// @kernel mm/migrate.c: kernel_move_pages
public final class MovePages {
    /// The only node.
    public static final int NODE = 0;

    private static final int VALID = MempolicyFlags.MOVE | MempolicyFlags.MOVE_ALL;

    private MovePages() {}

    /// Says where pages are.
    ///
    /// @param status filled, one for each address
    /// @kernel mm/migrate.c: do_pages_stat
    public static Errno query(Mm mm, long[] addresses, int[] status) {
        mm.lockRead();
        try {
            for (int i = 0; i < addresses.length; i++) {
                status[i] = status(mm, addresses[i], false);
            }
        } finally {
            mm.unlockRead();
        }
        return Errno.OK;
    }

    /// Moves pages, each to its node. There is one, where each system page is already.
    ///
    /// @param flags of [MempolicyFlags]: MOVE, MOVE_ALL
    /// @param status filled up to the first node that is none
    /// @return EINVAL for other flags, ENODEV at a node that does not exist
    /// @kernel mm/migrate.c: do_pages_move
    public static Errno move(Mm mm, long[] addresses, int[] nodes, int flags, int[] status) {
        if ((flags & ~VALID) != 0) {
            return Errno.EINVAL;
        }
        mm.lockRead();
        try {
            for (int i = 0; i < addresses.length; i++) {
                if (nodes[i] != NODE) {
                    return Errno.ENODEV;
                }
                status[i] = status(mm, addresses[i], true);
            }
        } finally {
            mm.unlockRead();
        }
        return Errno.OK;
    }

    /// @kernel mm/migrate.c: add_folio_for_migration, do_pages_stat_array
    private static int status(Mm mm, long address, boolean moving) {
        long at = PageSize.alignDown(address);
        Vma vma = mm.lookupVma(at);
        if (vma == null || moving && !isMigratable(vma)) {
            return -Errno.EFAULT.number();
        }
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(at);
        long entry = leaf == null ? PageTableEntry.NONE : leaf.entryAcquire(PageTableLeaf.slot(at));
        if (!PageTableEntry.isPresent(entry)) {
            return -Errno.ENOENT.number();
        }
        if (PageTableEntry.isSpecial(entry)) {
            boolean zeroPage = mm.machine().isZeroPage(PageTableEntry.page(entry));
            return zeroPage ? -Errno.EFAULT.number() : -Errno.ENOENT.number();
        }
        return Page.isDevice(PageTableEntry.page(entry)) ? -Errno.ENOENT.number() : NODE;
    }

    /// Whether the pages of a VMA may be moved between nodes at all.
    ///
    /// @kernel mm/mempolicy.c: vma_migratable
    static boolean isMigratable(Vma vma) {
        return (vma.flags() & (VmFlags.IO | VmFlags.PFNMAP)) == 0;
    }
}
