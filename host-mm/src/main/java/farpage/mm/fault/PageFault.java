package farpage.mm.fault;

import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;

/// One page fault. The mmap lock is held for reading while it exists.
///
/// @param address of the page, a page boundary
/// @param flags of [FaultFlags]
/// @param page the device page that was found, locked and referenced by the core; else
///   [farpage.mm.Page#NONE]
/// @param pmd whether a huge mapping was found at the address, and no entry of the page's own
/// @kernel include/linux/mm.h: struct vm_fault
public record PageFault(Mm mm, Vma vma, long address, int flags, long page, boolean pmd) {
    public PageFault {
        assert PageSize.isAligned(address);
    }

    /// Whether a store caused it.
    public boolean write() {
        return has(FaultFlags.WRITE);
    }

    /// Whether the page is to become exclusive without being written.
    public boolean unshare() {
        return has(FaultFlags.UNSHARE);
    }

    boolean has(int flag) {
        return (flags & flag) != 0;
    }

    PageFault withPage(long devicePage, boolean found) {
        return new PageFault(mm, vma, address, flags, devicePage, found);
    }
}
