package farpage.mm;

import farpage.mm.file.ErrPage;
import farpage.mm.file.FileMapping;
import farpage.mm.file.OpenFile;
import farpage.mm.memory.FolioFlags;
import farpage.mm.pagetable.PageTable;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import farpage.mm.swap.SwapEntry;

/// Which pages of a range an access would find without reading them from a disk. A page on a device
/// counts as here, and so does one in migration; of what lies in swap only what was read already.
///
/// The answer is out of date when it is given.
///
/// @kernel mm/mincore.c
final class Mincore {
    private Mincore() {}

    /// The answer is one byte for each page, 1 or 0.
    ///
    /// @return EINVAL for an unaligned address, ENOMEM beyond the address space or at a hole, below
    ///   which all is answered; EFAULT if there is no room for the answer
    static Errno call(Mm mm, long start, long length, byte[] answer) {
        if (!PageSize.isAligned(start)) {
            return Errno.EINVAL;
        }
        if (start < 0 || length < 0 || length > PageSize.TASK_SIZE - start) {
            return Errno.ENOMEM;
        }
        long end = start + PageSize.alignUp(length);
        if (PageSize.pageNumber(end - start) > answer.length) {
            return Errno.EFAULT;
        }
        mm.lockRead();
        try {
            for (long at = start; at < end; ) {
                Vma vma = mm.lookupVma(at);
                if (vma == null) {
                    return Errno.ENOMEM;
                }
                long stop = Math.min(vma.end(), end);
                for (; at < stop; at = PageTable.leafEnd(at, stop)) {
                    leaf(vma, at, PageTable.leafEnd(at, stop), answer, start);
                }
            }
            return Errno.OK;
        } finally {
            mm.unlockRead();
        }
    }

    private static void leaf(Vma vma, long start, long end, byte[] answer, long answerStart) {
        PageTableLeaf leaf = vma.mm().pageTable().lookupLeaf(start);
        for (long at = start; at < end; at += PageSize.PAGE_SIZE) {
            long entry =
                    leaf == null ? PageTableEntry.NONE : leaf.entryAcquire(PageTableLeaf.slot(at));
            boolean isHere = isHere(vma, at, entry);
            answer[(int) PageSize.pageNumber(at - answerStart)] = (byte) (isHere ? 1 : 0);
        }
    }

    private static boolean isHere(Vma vma, long address, long entry) {
        return switch (PageTableEntry.shape(entry)) {
            case NONE, MARKER -> isCached(vma, address);
            case PRESENT, MIGRATION, DEVICE_PRIVATE, DEVICE_EXCLUSIVE, HWPOISON -> true;
            case SWAP -> isSwapCached(vma.mm().machine(), SwapEntry.ofPageTableEntry(entry));
        };
    }

    /// Whether the file has the page; anonymous memory has nothing but what is mapped. A page that
    /// a device keeps is here as well.
    ///
    /// @kernel mm/mincore.c: mincore_page
    private static boolean isCached(Vma vma, long address) {
        OpenFile file = vma.file();
        if (file == null) {
            return false;
        }
        FileMapping mapping = file.mapping();
        long page = mapping.getCached(vma.pageIndex(address));
        return ErrPage.isError(page) || page != Page.NONE && isUpToDate(vma.mm().machine(), page);
    }

    /// @kernel mm/mincore.c: mincore_swap
    private static boolean isSwapCached(Machine machine, long swapEntry) {
        long page = machine.swap().getCached(swapEntry);
        return page != Page.NONE && isUpToDate(machine, page);
    }

    private static boolean isUpToDate(Machine machine, long page) {
        boolean upToDate = machine.folios().hasFlag(page, FolioFlags.UPTODATE);
        machine.put(page);
        return upToDate;
    }
}
