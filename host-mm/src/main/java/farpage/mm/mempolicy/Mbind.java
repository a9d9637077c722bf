package farpage.mm.mempolicy;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// `mbind`: which nodes the pages of a range shall come from, and whether those that are elsewhere
/// shall move there. With one node none is elsewhere; only a page in migration may be.
///
/// @kernel mm/mempolicy.c: do_mbind
public final class Mbind {
    private static final int MOVE = MempolicyFlags.MOVE | MempolicyFlags.MOVE_ALL;
    private static final int VALID = MempolicyFlags.STRICT | MOVE;
    private static final long ALL_NODES = 1L << MovePages.NODE;

    private Mbind() {}

    /// Sets the policy of `[start, start + length)`.
    ///
    /// @param nodeMask one bit for each node
    /// @param flags of [MempolicyFlags]
    /// @return EINVAL for arguments that do not fit together, EFAULT at a hole, EIO if pages that
    ///   are in migration are to be where they should strictly
    public static Errno call(
            Mm mm, long start, long length, MempolicyMode mode, long nodeMask, int flags) {
        if ((flags & ~VALID) != 0 || !PageSize.isAligned(start)) {
            return Errno.EINVAL;
        }
        long end = start + PageSize.alignUp(length);
        if (end < start || start < 0) {
            return Errno.EINVAL;
        }
        if (end == start) {
            return Errno.OK;
        }
        boolean noneExists = nodeMask != 0 && (nodeMask & ALL_NODES) == 0;
        if (!mode.accepts(nodeMask) || noneExists) {
            return Errno.EINVAL;
        }
        boolean strict = (flags & MempolicyFlags.STRICT) != 0 && mode != MempolicyMode.DEFAULT;
        mm.lockRead();
        try {
            return check(mm, start, end, strict);
        } finally {
            mm.unlockRead();
        }
    }

    /// @kernel mm/mempolicy.c: queue_pages_range
    private static Errno check(Mm mm, long start, long end, boolean strict) {
        long inMigration = 0;
        for (long at = start; at < end; ) {
            Vma vma = mm.lookupVma(at);
            if (vma == null) {
                return Errno.EFAULT;
            }
            long stop = Math.min(vma.end(), end);
            if (strict) {
                inMigration += countInMigration(mm.pageTable(), at, stop);
            }
            at = stop;
        }
        return inMigration > 0 ? Errno.EIO : Errno.OK;
    }

    /// What else is not present, on a device or in swap, is passed over, and so are pages of
    /// devices that are.
    ///
    /// @kernel mm/mempolicy.c: queue_folios_pte_range
    private static long countInMigration(PageTable table, long start, long end) {
        long found = 0;
        for (long at = table.nextMapped(start, end);
                at < end;
                at = table.nextMapped(PageTable.leafEnd(at, end), end)) {
            PageTableLeaf leaf = table.lookupLeaf(at);
            long stop = PageTable.leafEnd(at, end);
            for (long address = at; leaf != null && address < stop; address += PageSize.PAGE_SIZE) {
                long entry = leaf.entryAcquire(PageTableLeaf.slot(address));
                found += PageTableEntry.isMigration(entry) ? 1 : 0;
            }
        }
        return found;
    }
}
