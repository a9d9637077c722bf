package farpage.mm.mempolicy;

import farpage.mm.Errno;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.numa.NumaNodes;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import java.util.Arrays;

/// `mbind`: which nodes the pages of a range shall come from, and whether those that are elsewhere
/// shall move there. On a machine with one node none is elsewhere, and no policy is kept; only a
/// page in migration may be out of place.
///
/// @kernel mm/mempolicy.c: do_mbind
public final class Mbind {
    private static final int MOVE = MempolicyFlags.MOVE | MempolicyFlags.MOVE_ALL;
    private static final int VALID = MempolicyFlags.STRICT | MOVE;

    private final Mm mm;
    private final NumaNodes numa;
    private final Mempolicy policy;
    private final int flags;

    private Mbind(Mm mm, Mempolicy policy, int flags) {
        this.mm = mm;
        this.numa = mm.machine().numa();
        this.policy = policy;
        this.flags = flags;
    }

    /// Sets the policy of `[start, start + length)`.
    ///
    /// @param nodeMask one bit for each node
    /// @param flags of [MempolicyFlags]
    /// @return EINVAL for arguments that do not fit together, EFAULT at a hole, EIO if pages are
    ///   not where they should strictly be
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
        long nodes = nodeMask & mm.machine().numa().mask();
        boolean noneExists = nodeMask != 0 && nodes == 0;
        if (!mode.accepts(nodeMask) || noneExists) {
            return Errno.EINVAL;
        }
        return new Mbind(mm, new Mempolicy(mode, nodes), flags).call(start, end);
    }

    /// `set_mempolicy`: which nodes the pages of a process shall come from where no range has a
    /// policy. What is in memory stays where it is.
    ///
    /// @return EINVAL for arguments that do not fit together
    /// @kernel mm/mempolicy.c: kernel_set_mempolicy
    public static Errno setMempolicy(Mm mm, MempolicyMode mode, long nodeMask) {
        NumaNodes numa = mm.machine().numa();
        long nodes = nodeMask & numa.mask();
        if (!mode.accepts(nodeMask) || nodeMask != 0 && nodes == 0) {
            return Errno.EINVAL;
        }
        boolean none = mode == MempolicyMode.DEFAULT || numa.isSingle();
        mm.setMempolicy(none ? null : new Mempolicy(mode, nodes));
        return Errno.OK;
    }

    private Errno call(long start, long end) {
        Errno errno = numa.isSingle() ? Errno.OK : set(start, end);
        if (!errno.isOk()) {
            return errno;
        }
        if (!numa.isSingle() && (flags & MOVE) != 0) {
            move(start, end);
        }
        mm.lockRead();
        try {
            return check(start, end);
        } finally {
            mm.unlockRead();
        }
    }

    /// @kernel mm/mempolicy.c: mbind_range
    private Errno set(long start, long end) {
        mm.lockWrite();
        try {
            for (long at = start; at < end; ) {
                Vma vma = mm.lookupVma(at);
                if (vma == null) {
                    return Errno.EFAULT;
                }
                at = vma.end();
            }
            for (long at = start; at < end; ) {
                Vma vma = mm.lookupVma(at);
                assert vma != null;
                long stop = Math.min(vma.end(), end);
                mm.setMempolicy(at, stop, policy.mode() == MempolicyMode.DEFAULT ? null : policy);
                at = stop;
            }
            return Errno.OK;
        } finally {
            mm.unlockWrite();
        }
    }

    /// Moves what is elsewhere, leaf by leaf.
    ///
    /// @kernel mm/mempolicy.c: queue_pages_range, migrate_pages
    private void move(long start, long end) {
        FolioDestinations destinations =
                FolioDestinations.onNode(mm.machine(), policy.zonelist(numa)[0]);
        RelocatePages relocate = new RelocatePages(mm.machine(), destinations, flags & MOVE);
        for (long at = start; at < end; ) {
            long stop = PageTable.leafEnd(at, end);
            long[] addresses = misplaced(at, stop);
            if (addresses.length > 0) {
                var _ = relocate.addresses(mm, addresses, new int[addresses.length]);
            }
            at = stop;
        }
    }

    /// An address of each folio in a part of a leaf that is elsewhere.
    private long[] misplaced(long start, long end) {
        long[] addresses = new long[PageSize.ENTRIES_PER_TABLE];
        int count = 0;
        mm.lockRead();
        try {
            PageTableLeaf leaf = mm.pageTable().lookupLeaf(start);
            long last = Page.NONE;
            for (long at = start; leaf != null && at < end; at += PageSize.PAGE_SIZE) {
                long entry = leaf.entryAcquire(PageTableLeaf.slot(at));
                if (isMisplaced(entry)) {
                    long head = mm.machine().folios().head(PageTableEntry.page(entry));
                    if (head != last) {
                        addresses[count++] = at;
                    }
                    last = head;
                }
            }
        } finally {
            mm.unlockRead();
        }
        return Arrays.copyOf(addresses, count);
    }

    /// @kernel mm/mempolicy.c: queue_pages_range
    private Errno check(long start, long end) {
        boolean strict =
                (flags & MempolicyFlags.STRICT) != 0 && policy.mode() != MempolicyMode.DEFAULT;
        long misplaced = 0;
        for (long at = start; at < end; ) {
            Vma vma = mm.lookupVma(at);
            if (vma == null) {
                return Errno.EFAULT;
            }
            long stop = Math.min(vma.end(), end);
            if (strict) {
                misplaced += countMisplaced(at, stop);
            }
            at = stop;
        }
        return misplaced > 0 ? Errno.EIO : Errno.OK;
    }

    /// Pages that are not present, on a device or in swap, are passed over, and so are pages of
    /// devices that are. One in migration can not be told to be in place.
    ///
    /// @kernel mm/mempolicy.c: queue_folios_pte_range
    private long countMisplaced(long start, long end) {
        PageTable table = mm.pageTable();
        long found = 0;
        for (long at = table.nextMapped(start, end);
                at < end;
                at = table.nextMapped(PageTable.leafEnd(at, end), end)) {
            PageTableLeaf leaf = table.lookupLeaf(at);
            long stop = PageTable.leafEnd(at, end);
            for (long address = at; leaf != null && address < stop; address += PageSize.PAGE_SIZE) {
                long entry = leaf.entryAcquire(PageTableLeaf.slot(address));
                found += PageTableEntry.isMigration(entry) || isMisplaced(entry) ? 1 : 0;
            }
        }
        return found;
    }

    private boolean isMisplaced(long entry) {
        if (numa.isSingle()
                || !PageTableEntry.isPresent(entry)
                || PageTableEntry.isSpecial(entry)
                || Page.isDevice(PageTableEntry.page(entry))) {
            return false;
        }
        return !policy.permits(numa.node(PageTableEntry.page(entry)));
    }
}
