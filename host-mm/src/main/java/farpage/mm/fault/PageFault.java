package farpage.mm.fault;

import farpage.mm.Mm;
import farpage.mm.PageSize;
import farpage.mm.Vma;

/// One page fault. The mmap lock is held for reading while it exists.
///
/// @param address of the page, a page boundary
/// @param write whether a store caused it
/// @param page the device page that was found, locked and referenced by the core; else
///   [farpage.mm.Page#NONE]
/// @kernel include/linux/mm.h: struct vm_fault
public record PageFault(Mm mm, Vma vma, long address, boolean write, long page) {
    public PageFault {
        assert PageSize.isAligned(address);
    }

    PageFault withPage(long devicePage) {
        return new PageFault(mm, vma, address, write, devicePage);
    }
}
