package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;

/// Makes folios for empty places of a file: as large as the file permits, naturally aligned, and
/// where that does not fit, or memory has none of that size, smaller ones. Nothing is reclaimed for
/// the sake of a large one.
///
/// @kernel mm/readahead.c: page_cache_ra_order; mm/filemap.c: __filemap_get_folio with FGP_CREAT
final class NewFileFolios {
    private final FileMapping file;
    private final Machine machine;
    private final FolioTable folios;

    NewFileFolios(FileMapping file) {
        this.file = file;
        this.machine = file.machine();
        this.folios = machine.folios();
    }

    /// A folio around a page that is to be read in: it does not reach beyond the end of the file,
    /// nor over pages that are there.
    ///
    /// @return the page, locked and with a reference, without contents; [Page#NONE] if somebody
    ///   else added one, or an [ErrPage] of ENOMEM
    long addForReading(long index) {
        for (int order = file.maxFolioOrder(); order >= FolioTable.LARGE_ORDER_MIN; order--) {
            long first = index & -(1L << order);
            long end = first + (1L << order);
            if (end <= file.pageCount() && file.pages().next(first, end) == end) {
                long head = tryAdd(first, order);
                if (head != Page.NONE) {
                    return head + (index - first);
                }
            }
        }
        return addSmall(index);
    }

    /// A folio that begins with a page and has no more bytes than are to be written.
    ///
    /// @param length bytes from the beginning of the page on, or more
    /// @return as of [#addForReading(long)]
    /// @kernel include/linux/pagemap.h: fgf_set_order
    long addForWriting(long index, long length) {
        int wanted = Long.SIZE - 1 - Long.numberOfLeadingZeros(length) - PageSize.PAGE_SHIFT;
        int aligned = Math.min(wanted, Long.numberOfTrailingZeros(index));
        for (int order = Math.min(aligned, file.maxFolioOrder());
                order >= FolioTable.LARGE_ORDER_MIN;
                order--) {
            long head = tryAdd(index, order);
            if (head != Page.NONE) {
                return head;
            }
        }
        return addSmall(index);
    }

    private long addSmall(long index) {
        long page = machine.allocateFolio(0);
        return page == Page.NONE ? ErrPage.of(Errno.ENOMEM) : add(index, page);
    }

    private long tryAdd(long index, int order) {
        long head = machine.tryAllocateFolio(order);
        return head == Page.NONE ? Page.NONE : add(index, head);
    }

    private long add(long index, long head) {
        folios.lockNew(head);
        folios.setMapping(head, file, index);
        folios.setFlag(head, FolioFlags.LRU | (file.isShmem() ? FolioFlags.SWAPBACKED : 0));
        if (file.pages().add(index, head)) {
            file.noteReclaimable(folios.pageCount(head));
            return head;
        }
        file.unlockAndPut(head);
        return Page.NONE;
    }
}
