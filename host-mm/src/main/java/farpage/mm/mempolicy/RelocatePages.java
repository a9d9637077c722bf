package farpage.mm.mempolicy;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.migrate.FolioDestinations;
import farpage.mm.migrate.IsolatedFolios;
import farpage.mm.migrate.MigrateFolios;
import farpage.mm.migrate.MigrateFoliosResult;
import farpage.mm.migrate.MigrateTimes;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import org.jspecify.annotations.Nullable;

/// Moves pages of a process to other frames, which the caller chooses: what `move_pages` and
/// `mbind` do on a machine with several nodes. Where there is one, every frame of it will do.
///
/// A page that other processes map too is moved for [MempolicyFlags#MOVE_ALL] alone.
///
/// @kernel mm/migrate.c: do_pages_move; mm/mempolicy.c: queue_pages_range, migrate_pages
public final class RelocatePages {
    private static final int VALID = MempolicyFlags.MOVE | MempolicyFlags.MOVE_ALL;

    private final Machine machine;
    private final FolioDestinations destinations;
    private final boolean all;
    private @Nullable MigrateTimes times;

    /// @param destinations where each folio goes
    /// @param flags of [MempolicyFlags]: MOVE, MOVE_ALL
    /// @throws IllegalArgumentException for other flags
    public RelocatePages(Machine machine, FolioDestinations destinations, int flags) {
        if ((flags & ~VALID) != 0) {
            throw new IllegalArgumentException(
                    "flags: value=" + flags + ", limit=MOVE and MOVE_ALL");
        }
        this.machine = machine;
        this.destinations = destinations;
        this.all = (flags & MempolicyFlags.MOVE_ALL) != 0;
    }

    /// Measures what the time is spent with.
    public RelocatePages timedBy(MigrateTimes migrateTimes) {
        times = migrateTimes;
        return this;
    }

    /// Moves the folios that are mapped at addresses.
    ///
    /// @param status filled, one for each address: the node where the page is now, or a negative
    ///   error number: EFAULT outside the mappings and for pages of zeros, ENOENT where no page of
    ///   the system is mapped, EACCES if others map it, EBUSY if it is in somebody's hands, and was
    ///   possibly by another address of the list; else what kept it from moving
    /// @kernel mm/migrate.c: do_pages_move, add_folio_for_migration
    public MigrateFoliosResult addresses(Mm mm, long[] addresses, int[] status) {
        int[] folioOf = new int[addresses.length];
        try (IsolatedFolios folios = new IsolatedFolios(machine)) {
            mm.lockRead();
            try {
                for (int i = 0; i < addresses.length; i++) {
                    Errno errno = isolateAt(mm, addresses[i], folios);
                    status[i] = -errno.number();
                    folioOf[i] = folios.count() - 1;
                }
            } finally {
                mm.unlockRead();
            }
            MigrateFoliosResult result = migrate(folios);
            for (int i = 0; i < addresses.length; i++) {
                if (status[i] == 0) {
                    Errno errno = folios.result(folioOf[i]);
                    status[i] =
                            errno.isOk()
                                    ? MovePages.nodeAfterMove(mm, addresses[i])
                                    : -errno.number();
                }
            }
            return result;
        }
    }

    /// Moves every folio that is mapped in a range and can be taken; the others are passed over.
    ///
    /// @kernel mm/mempolicy.c: queue_pages_range
    public MigrateFoliosResult range(Mm mm, long start, long end) {
        try (IsolatedFolios folios = new IsolatedFolios(machine)) {
            mm.lockRead();
            try {
                PageTable table = mm.pageTable();
                for (long at = table.nextMapped(start, end);
                        at < end;
                        at = table.nextMapped(PageTable.leafEnd(at, end), end)) {
                    isolateLeaf(mm, at, PageTable.leafEnd(at, end), folios);
                }
            } finally {
                mm.unlockRead();
            }
            return migrate(folios);
        }
    }

    private void isolateLeaf(Mm mm, long start, long end, IsolatedFolios folios) {
        long last = Page.NONE;
        for (long at = start; at < end; at += PageSize.PAGE_SIZE) {
            PageTableLeaf leaf = mm.pageTable().lookupLeaf(at);
            long entry =
                    leaf == null ? PageTableEntry.NONE : leaf.entryAcquire(PageTableLeaf.slot(at));
            boolean present = PageTableEntry.isPresent(entry) && !PageTableEntry.isSpecial(entry);
            long head = present ? machine.folios().head(PageTableEntry.page(entry)) : Page.NONE;
            if (head != Page.NONE && head != last) {
                Errno _ = isolateAt(mm, at, folios); // what can not be taken is passed over
            }
            last = head;
        }
    }

    private MigrateFoliosResult migrate(IsolatedFolios folios) {
        MigrateFolios migration = new MigrateFolios(machine, destinations, true);
        return (times == null ? migration : migration.timedBy(times)).migrate(folios);
    }

    /// Under the mmap lock.
    ///
    /// @kernel mm/migrate.c: add_folio_for_migration
    private Errno isolateAt(Mm mm, long address, IsolatedFolios folios) {
        long at = PageSize.alignDown(address);
        Vma vma = mm.lookupVma(at);
        if (vma == null || !MovePages.isMigratable(vma)) {
            return Errno.EFAULT;
        }
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(at);
        if (leaf == null || !leaf.lockIfAlive()) {
            return Errno.ENOENT;
        }
        try {
            return isolateLocked(leaf.entryLocked(PageTableLeaf.slot(at)), folios);
        } finally {
            leaf.unlock();
        }
    }

    private Errno isolateLocked(long entry, IsolatedFolios folios) {
        if (!PageTableEntry.isPresent(entry)) {
            return Errno.ENOENT;
        }
        long page = PageTableEntry.page(entry);
        if (PageTableEntry.isSpecial(entry)) {
            return machine.isZeroPage(page) ? Errno.EFAULT : Errno.ENOENT;
        }
        if (Page.isDevice(page)) {
            return Errno.ENOENT;
        }
        boolean shared =
                machine.folios().pageMapCount(page) > 1
                        || machine.folios().hasFlag(page, FolioFlags.KSM);
        return shared && !all ? Errno.EACCES : folios.isolate(page);
    }
}
