package farpage.mm.exclusive;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Mprotect;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.gup.GetUserPages;
import farpage.mm.gup.GupFlags;
import farpage.mm.gup.GupResult;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.rmap.AnonVma;
import org.jspecify.annotations.Nullable;

/// Gives single pages to a device alone, and puts their entries back.
///
/// @kernel mm/rmap.c: make_device_exclusive; mm/memory.c: restore_exclusive_pte
public final class DeviceExclusive {
    private DeviceExclusive() {}

    /// What came of a request for exclusive access.
    ///
    /// @kernel mm/rmap.c: the return value of make_device_exclusive
    public sealed interface Answer {
        /// The device has the page. The folio is locked and referenced for the caller, who programs
        /// the device and then calls [DeviceExclusive#release(Machine, long)]: as long as the lock
        /// is held the CPU can not take the page back.
        ///
        /// @param page a page of system memory
        /// @kernel mm/rmap.c: make_device_exclusive
        record Taken(long page) implements Answer {}

        /// The page can not be had.
        ///
        /// @param errno EFAULT where a store is not permitted, EOPNOTSUPP for a page that is not
        ///   anonymous, ENOMEM
        /// @kernel mm/rmap.c: make_device_exclusive
        record Refused(Errno errno) implements Answer {}
    }

    /// Takes the page at an address away from the CPUs of a process. The mmap lock is held for
    /// reading.
    ///
    /// The page is first faulted in for a store, which makes it this process's own: it comes back
    /// from a device, and no other process has it. Who pinned it before keeps access. A page of a
    /// large folio gets an entry of its own; the folio stays whole.
    ///
    /// @param owner whose mirrors may ignore the event by which the others hear of it; null for
    ///   nobody's
    public static Answer make(Mm mm, long address, @Nullable Object owner) {
        assert mm.isLocked();
        long at = PageSize.alignDown(address);
        long[] page = new long[1];
        while (true) {
            int flags = GupFlags.WRITE | GupFlags.REMOTE | GupFlags.SPLIT_PMD;
            GupResult got = GetUserPages.get(mm, at, 1, flags, page);
            if (!got.errno().isOk()) {
                return new Answer.Refused(got.errno());
            }
            FolioTable folios = mm.machine().folios();
            if (!(folios.mapping(page[0]) instanceof AnonVma)
                    || folios.hasFlag(page[0], FolioFlags.HUGETLB)) {
                mm.machine().put(page[0]);
                return new Answer.Refused(Errno.EOPNOTSUPP);
            }
            if (takeLocked(mm, at, page[0], owner)) {
                return new Answer.Taken(page[0]);
            }
            release(mm.machine(), page[0]);
        }
    }

    /// Locks the page, tells the mirrors and replaces the entry.
    ///
    /// @return false if the entry has changed since the page was looked up
    private static boolean takeLocked(Mm mm, long address, long page, @Nullable Object owner) {
        FolioTable folios = mm.machine().folios();
        folios.lock(page);
        boolean started =
                mm.notifiers()
                        .start(
                                MmuNotifierRange.exclusive(
                                        address, address + PageSize.PAGE_SIZE, owner));
        assert started;
        PageTableLeaf leaf = mm.pageTable().leafOrNew(address);
        int slot = PageTableLeaf.slot(address);
        leaf.lock();
        long entry = leaf.entryLocked(slot);
        boolean same =
                !leaf.isHugeLocked()
                        && PageTableEntry.isWritable(entry)
                        && !PageTableEntry.isSpecial(entry)
                        && PageTableEntry.page(entry) == page;
        if (same) {
            if (PageTableEntry.isDirty(entry)) {
                folios.setFlag(page, FolioFlags.DIRTY);
            }
            leaf.setEntryLocked(slot, PageTableEntry.ofDeviceExclusive(entry));
        }
        leaf.unlock();
        mm.notifiers().end();
        return same;
    }

    /// Lets go of a page that was taken: from now on the CPU may take it back at any time.
    public static void release(Machine machine, long page) {
        machine.folios().unlock(page);
        machine.put(page);
    }

    /// The page at an address that some device has to itself, else [Page#NONE]; for checks.
    public static long pageAt(Mm mm, long address) {
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
        long entry =
                leaf == null ? PageTableEntry.NONE : leaf.entryAcquire(PageTableLeaf.slot(address));
        return PageTableEntry.isDeviceExclusive(entry) ? PageTableEntry.page(entry) : Page.NONE;
    }

    /// The present entry that an exclusive one becomes again. It is writable only where a store
    /// would go through at once. The folio is locked, and the mirrors were told.
    ///
    /// @kernel mm/memory.c: restore_exclusive_pte
    public static long restored(Vma vma, long exclusive) {
        assert PageTableEntry.isDeviceExclusive(exclusive);
        FolioTable folios = vma.mm().machine().folios();
        long page = PageTableEntry.page(exclusive);
        assert folios.isLocked(page);
        long entry = PageTableEntry.ofRestored(exclusive);
        if (!vma.isAccessible()) {
            return PageTableEntry.withProtNone(entry, true);
        }
        if (!Mprotect.canChangeWritable(vma, entry)) {
            return entry;
        }
        boolean dirty = folios.hasFlag(page, FolioFlags.DIRTY);
        return PageTableEntry.withWrite(dirty ? PageTableEntry.withDirty(entry) : entry);
    }
}
