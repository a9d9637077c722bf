package farpage.mm.fault;

import farpage.mm.Check;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmStat;
import farpage.mm.Vma;
import farpage.mm.file.OpenFile;
import farpage.mm.hugememory.HugeFault;
import farpage.mm.hugetlb.HugetlbFault;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;

/// Decides what a page fault is and hands it on.
///
/// @kernel mm/memory.c: handle_mm_fault, handle_pte_fault; arch/x86/mm/fault.c
public final class PageFaultHandler {
    private PageFaultHandler() {}

    /// A fault of a CPU: finds the VMA, checks that it permits the access, and handles the fault.
    /// Takes the mmap lock for reading.
    public static FaultResult handle(Mm mm, long address, boolean write) {
        mm.lockRead();
        boolean locked = true;
        try {
            Vma vma = mm.lookupVma(address);
            if (vma == null || !(write ? vma.isWritable() : vma.isAccessible())) {
                return FaultResult.SIGSEGV;
            }
            int flags = FaultFlags.USER | FaultFlags.ALLOW_RETRY;
            FaultResult result =
                    handleLocked(vma, address, write ? flags | FaultFlags.WRITE : flags);
            locked = result != FaultResult.RETRY;
            return result;
        } finally {
            if (locked) {
                mm.unlockRead();
            }
        }
    }

    /// A fault on behalf of somebody else, a device for instance, at an address of a VMA that
    /// permits the access. The mmap lock is held for reading and stays so.
    ///
    /// @kernel mm/memory.c: handle_mm_fault
    public static FaultResult handleLocked(Vma vma, long address, boolean write) {
        return handleLocked(vma, address, FaultFlags.REMOTE | (write ? FaultFlags.WRITE : 0));
    }

    /// A fault at an address of a VMA that permits the access. The mmap lock is held for reading;
    /// it is given up only with [FaultFlags#ALLOW_RETRY] and the answer [FaultResult#RETRY].
    ///
    /// @param flags of [FaultFlags]
    /// @kernel mm/memory.c: handle_mm_fault
    public static FaultResult handleLocked(Vma vma, long address, int flags) {
        Mm mm = vma.mm();
        assert mm.isLocked();
        assert vma.contains(address);
        mm.machine().vmStat().count(VmStat.Event.PGFAULT, 1);
        PageFault fault =
                new PageFault(mm, vma, PageSize.alignDown(address), flags, Page.NONE, false);
        PageTableLeaf leaf = mm.pageTable().leafOrNew(address);
        if (vma.isHugetlb()) {
            return HugetlbFault.handle(fault, leaf);
        }
        if (leaf.isEmptyAcquire()) {
            FaultResult result = HugeFault.missing(fault, leaf);
            if (result != FaultResult.FALLBACK) {
                return result;
            }
        }
        long huge = leaf.pmdAcquire();
        if (!PageTableEntry.isNone(huge)) {
            FaultResult result = hugeFault(fault, leaf, huge);
            if (result != FaultResult.FALLBACK) {
                return result;
            }
        }
        return pageFault(fault, leaf);
    }

    /// Brings in what a page table entry stands for that is not present: from swap, from a device,
    /// or at the end of a migration. Nothing happens to the others. The mmap lock is held for
    /// reading.
    ///
    /// @kernel mm/memory.c: do_swap_page
    public static FaultResult bringIn(Vma vma, long address) {
        Mm mm = vma.mm();
        assert mm.isLocked();
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
        if (leaf == null || leaf.isHugeAcquire()) {
            return FaultResult.HANDLED;
        }
        long entry = leaf.entryAcquire(PageTableLeaf.slot(address));
        if (PageTableEntry.isNone(entry) || PageTableEntry.isPresent(entry)) {
            return FaultResult.HANDLED;
        }
        return pageFault(new PageFault(mm, vma, address, 0, Page.NONE, false), leaf);
    }

    /// @param word the huge mapping
    /// @kernel mm/memory.c: __handle_mm_fault, create_huge_pmd, wp_huge_pmd
    private static FaultResult hugeFault(PageFault fault, PageTableLeaf leaf, long word) {
        if (PageTableEntry.isMigration(word)) {
            return awaitMigration(fault, word);
        }
        if (PageTableEntry.isDevicePrivate(word)) {
            return DevicePrivateFault.handleHuge(fault, leaf, word);
        }
        if (NumaHintFault.isHint(fault, word)) {
            return NumaHintFault.handle(fault, leaf, word);
        }
        if (!(fault.write() || fault.unshare()) || PageTableEntry.isWritable(word)) {
            return FaultResult.HANDLED; // somebody else was faster
        }
        return HugeFault.write(fault, leaf, word);
    }

    /// @kernel mm/memory.c: handle_pte_fault
    private static FaultResult pageFault(PageFault fault, PageTableLeaf leaf) {
        long entry = leaf.entryAcquire(PageTableLeaf.slot(fault.address()));
        return switch (PageTableEntry.shape(entry)) {
            case NONE -> missingFault(fault, leaf);
            case PRESENT -> presentFault(fault, leaf, entry);
            case MIGRATION -> awaitMigration(fault, entry);
            case DEVICE_PRIVATE -> DevicePrivateFault.handle(fault, leaf, entry);
            case DEVICE_EXCLUSIVE -> DeviceExclusiveFault.handle(fault, leaf, entry);
            case HWPOISON -> FaultResult.HWPOISON;
            case MARKER -> markerFault(entry);
            case SWAP -> SwapFault.handle(fault, leaf, entry);
        };
    }

    /// @kernel mm/memory.c: do_pte_missing
    private static FaultResult missingFault(PageFault fault, PageTableLeaf leaf) {
        OpenFile file = fault.vma().file();
        return file == null
                ? AnonymousFault.handle(fault, leaf)
                : FileFault.handle(fault, leaf, file.mapping());
    }

    /// @kernel mm/memory.c: handle_pte_marker
    private static FaultResult markerFault(long entry) {
        int marks = PageTableEntry.marks(entry);
        if ((marks & PageTableEntry.MARK_POISONED) != 0) {
            return FaultResult.HWPOISON;
        }
        Check.that((marks & PageTableEntry.MARK_GUARD) != 0, "a marker that nothing makes");
        return FaultResult.SIGSEGV;
    }

    private static FaultResult presentFault(PageFault fault, PageTableLeaf leaf, long entry) {
        if (NumaHintFault.isHint(fault, entry)) {
            return NumaHintFault.handle(fault, leaf, entry);
        }
        if (!(fault.write() || fault.unshare()) || PageTableEntry.isWritable(entry)) {
            return FaultResult.HANDLED; // somebody else was faster
        }
        OpenFile file = fault.vma().file();
        return file != null && fault.vma().isShared()
                ? SharedWriteFault.handle(fault, leaf, entry, file.mapping())
                : CopyOnWriteFault.handle(fault, leaf, entry);
    }

    /// Sleeps on the folio lock, which the migration holds until it has put the entry right.
    ///
    /// @kernel mm/migrate.c: migration_entry_wait
    private static FaultResult awaitMigration(PageFault fault, long entry) {
        fault.mm().machine().folios().waitUnlocked(PageTableEntry.page(entry));
        return FaultResult.HANDLED;
    }
}
