package farpage.mm;

import farpage.mm.fault.FaultFlags;
import farpage.mm.fault.FaultResult;
import farpage.mm.fault.PageFaultHandler;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.reclaim.MarkAccessed;

/// Faults pages in before the process touches them. A page on a device comes back for it.
///
/// @kernel mm/gup.c: __mm_populate, faultin_page_range
final class Populate {
    /// A fault that is handled this often without a page coming is no fault of the program.
    private static final int FAULT_RETRY_LIMIT = 1_000_000;

    private final Mm mm;

    /// Of [FaultFlags], for every fault.
    private final int faultFlags;

    /// How far it came.
    private long at;

    private Populate(Mm mm, long start, int faultFlags) {
        this.mm = mm;
        this.faultFlags = FaultFlags.REMOTE | faultFlags;
        this.at = start;
    }

    /// As far as it can be done: for new parts of locked memory.
    static void populate(Mm mm, long start, long length) {
        Errno _ = range(mm, start, start + length, true);
    }

    /// Faults in the pages of a range of locked memory. Holes are passed over.
    ///
    /// @return the first error
    static Errno locked(Mm mm, long start, long end) {
        return range(mm, start, end, false);
    }

    /// As far as it can be done, in a part of one VMA. The mmap lock is held for writing, and
    /// faults may not give it up.
    static void vma(Vma vma, long start, long end) {
        Errno _ = new Populate(vma.mm(), start, 0).pages(vma, end);
    }

    private static Errno range(Mm mm, long start, long end, boolean ignoreErrors) {
        Populate populate = new Populate(mm, start, FaultFlags.ALLOW_RETRY);
        mm.lockRead();
        try {
            Vma vma = mm.lookupVmaFrom(start);
            while (vma != null && populate.at < end && vma.start() < end) {
                populate.at = Math.max(vma.start(), populate.at);
                long stop = Math.min(vma.end(), end);
                Errno errno = populate.pages(vma, stop);
                if (!errno.isOk()) {
                    if (!ignoreErrors) {
                        return errno;
                    }
                    populate.at = stop;
                }
                vma = mm.lookupVmaFrom(populate.at);
            }
            return Errno.OK;
        } finally {
            mm.unlockRead();
        }
    }

    /// Private memory that can be written gets pages of its own at once.
    ///
    /// @kernel mm/gup.c: populate_vma_page_range
    private Errno pages(Vma vma, long end) {
        int flags = vma.flags();
        if ((flags & (VmFlags.IO | VmFlags.PFNMAP | VmFlags.LOCKONFAULT)) != 0) {
            at = end;
            return Errno.OK;
        }
        if (!vma.isAccessible()) {
            return Errno.EFAULT;
        }
        boolean write = (flags & (VmFlags.WRITE | VmFlags.SHARED)) == VmFlags.WRITE;
        return faultIn(vma, end, write);
    }

    /// `MADV_POPULATE_READ` and `MADV_POPULATE_WRITE`. The mmap lock is held for reading; it is
    /// given up where somebody else has to handle a fault.
    ///
    /// @return ENOMEM at a hole or without memory, EINVAL where the VMA does not permit the access,
    ///   EFAULT or EHWPOISON where a touch would have ended in a signal; what lies below was done
    /// @kernel mm/madvise.c: madvise_populate
    static Errno advised(Mm mm, long start, long end, boolean write) {
        Populate populate = new Populate(mm, start, FaultFlags.ALLOW_RETRY);
        while (populate.at < end) {
            Vma vma = mm.lookupVma(populate.at);
            if (vma == null) {
                return Errno.ENOMEM;
            }
            boolean special = (vma.flags() & (VmFlags.IO | VmFlags.PFNMAP)) != 0;
            if (special || !(write ? vma.isWritable() : vma.isReadable())) {
                return Errno.EINVAL;
            }
            Errno errno = populate.faultIn(vma, Math.min(vma.end(), end), write);
            if (!errno.isOk()) {
                return errno;
            }
        }
        return Errno.OK;
    }

    /// Up to the end, or to where a fault gave the mmap lock up: it is held again, but the VMA may
    /// be gone.
    private Errno faultIn(Vma vma, long end, boolean write) {
        int flags = faultFlags | (write ? FaultFlags.WRITE : 0);
        for (; at < end; at += PageSize.PAGE_SIZE) {
            FaultResult result = FaultResult.HANDLED;
            for (int attempt = 0; !result.isError() && !isThere(vma, at, write); attempt++) {
                Check.that(attempt < FAULT_RETRY_LIMIT, "populating does not get on");
                result = PageFaultHandler.handleLocked(vma, at, flags);
                if (result == FaultResult.RETRY) {
                    mm.lockRead();
                    return Errno.OK;
                }
            }
            if (result.isError()) {
                return errno(result);
            }
            touch(vma, at, write);
        }
        return Errno.OK;
    }

    private static boolean isThere(Vma vma, long address, boolean write) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null) {
            return false;
        }
        long entry = leaf.entryAcquire(PageTableLeaf.slot(address));
        return write ? PageTableEntry.isWritable(entry) : PageTableEntry.isReadable(entry);
    }

    /// What is there counts as accessed, also where no fault was needed; and as written. Of a huge
    /// mapping only what is written is noted, as x86 has it.
    ///
    /// @kernel mm/gup.c: follow_page_pte, touch_pmd
    private static void touch(Vma vma, long address, boolean write) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(address);
        if (leaf == null || !leaf.lockIfAlive()) {
            return;
        }
        long entry = leaf.entryLocked(PageTableLeaf.slot(address));
        if (leaf.isHugeLocked()) {
            if (write && PageTableEntry.isPresent(entry)) {
                leaf.setPmdLocked(PageTableEntry.withStore(leaf.pmdLocked()));
            }
        } else if (PageTableEntry.isPresent(entry) && !PageTableEntry.isSpecial(entry)) {
            Machine machine = vma.mm().machine();
            long page = PageTableEntry.page(entry);
            if (write && !PageTableEntry.isDirty(entry)) {
                machine.folios().setFlag(page, FolioFlags.DIRTY);
            }
            MarkAccessed.mark(machine, page);
        }
        leaf.unlock();
    }

    private static Errno errno(FaultResult result) {
        return switch (result) {
            case SIGSEGV, SIGBUS -> Errno.EFAULT;
            case OUT_OF_MEMORY -> Errno.ENOMEM;
            case HWPOISON -> Errno.EHWPOISON;
            case HANDLED, RETRY, FALLBACK -> throw new AssertionError(result);
        };
    }
}
