package farpage.mm.mempolicy;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.numa.NumaNodes;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// `move_pages`: asks for pages of a process to be moved to nodes, or where they are.
///
/// A page's status is the number of its node, or a negative error number: ENOENT where no page is
/// mapped, and for pages of devices; EFAULT outside the mappings and for the zero page.
///
/// @kernel mm/migrate.c: kernel_move_pages
public final class MovePages {
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

    /// Moves pages, each to its node.
    ///
    /// @param flags of [MempolicyFlags]: MOVE, MOVE_ALL
    /// @param status filled up to the first node that is none. A page that could not move has
    ///   EACCES if others map it too and MOVE_ALL was not given, else EBUSY
    /// @return EINVAL for other flags, ENODEV at a node that does not exist
    /// @kernel mm/migrate.c: do_pages_move
    public static Errno move(Mm mm, long[] addresses, int[] nodes, int flags, int[] status) {
        if ((flags & ~VALID) != 0) {
            return Errno.EINVAL;
        }
        for (int start = 0; start < addresses.length; ) {
            if (!mm.machine().numa().exists(nodes[start])) {
                return Errno.ENODEV;
            }
            int end = start + 1;
            while (end < addresses.length && nodes[end] == nodes[start]) {
                end++;
            }
            moveRun(mm, addresses, start, end, nodes[start], flags, status);
            start = end;
        }
        return Errno.OK;
    }

    /// Moves those of a run of addresses that are elsewhere to one node.
    ///
    /// @kernel mm/migrate.c: move_pages_and_store_status
    private static void moveRun(
            Mm mm, long[] addresses, int from, int to, int node, int flags, int[] status) {
        int[] moving = new int[to - from];
        int count = 0;
        mm.lockRead();
        try {
            for (int i = from; i < to; i++) {
                status[i] = status(mm, addresses[i], true);
                if (status[i] >= 0 && status[i] != node) {
                    moving[count++] = i;
                }
            }
        } finally {
            mm.unlockRead();
        }
        if (count == 0) {
            return;
        }
        long[] wanted = new long[count];
        int[] result = new int[count];
        for (int i = 0; i < count; i++) {
            wanted[i] = addresses[moving[i]];
        }
        Machine machine = mm.machine();
        new RelocatePages(machine, FolioDestinations.onNode(machine, node), flags)
                .addresses(mm, wanted, result);
        for (int i = 0; i < count; i++) {
            // Another address may have taken its large folio along.
            boolean isThere = result[i] < 0 && nodeAfterMove(mm, wanted[i]) == node;
            status[moving[i]] = isThere ? node : result[i];
        }
    }

    /// Where a page is that was moved a moment ago; where there is one node, there.
    static int nodeAfterMove(Mm mm, long address) {
        if (mm.machine().numa().isSingle()) {
            return NumaNodes.LOCAL;
        }
        mm.lockRead();
        try {
            return status(mm, address, true);
        } finally {
            mm.unlockRead();
        }
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
        int node = mm.machine().numa().node(PageTableEntry.page(entry));
        return node == NumaNodes.NONE ? -Errno.ENOENT.number() : node;
    }

    /// Whether the pages of a VMA may be moved between nodes at all.
    ///
    /// @kernel mm/mempolicy.c: vma_migratable
    static boolean isMigratable(Vma vma) {
        return (vma.flags() & (VmFlags.IO | VmFlags.PFNMAP)) == 0;
    }
}
