package farpage.mm.file;

import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.notifier.MmuNotifierRange;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.pagetable.PageTableLeaf;
import java.io.IOException;

/// Writing dirty pages to the store.
///
/// Before a page is written, its entries in shared mappings are made clean and read-only, so that
/// the next store to it is noticed and makes it dirty again. Its folio stays locked until the bytes
/// are with the store: that next store waits.
///
/// @kernel mm/page-writeback.c: write_cache_pages, folio_clear_dirty_for_io; mm/rmap.c:
///   folio_mkclean
final class WriteBack {
    private final FileMapping file;
    private final Machine machine;
    private final FolioTable folios;

    WriteBack(FileMapping file) {
        this.file = file;
        this.machine = file.machine();
        this.folios = machine.folios();
    }

    /// Writes the dirty pages of the byte range `[start, end)`, each once, and flushes the store. A
    /// failure is counted in the file, and the page is clean all the same: it would fail again.
    /// Where pages may be on devices it stays dirty, so that nothing a device wrote is lost; such a
    /// page is brought back, unless the device has not written it.
    ///
    /// @kernel mm/filemap.c: filemap_write_and_wait_range
    void sync(long start, long end) {
        if (file.isShmem()) {
            return;
        }
        long stop = end > file.size() ? file.pageCount() : FileMapping.pageCount(end);
        for (long index = file.pages().next(PageSize.pageNumber(start), stop);
                index < stop;
                index = file.pages().next(index, stop)) {
            index = syncFolio(index);
        }
        try {
            file.store().flush();
        } catch (IOException e) {
            file.countWriteError();
        }
    }

    /// @return the page behind the folio of the one with the index
    private long syncFolio(long index) {
        long page = file.isCleanOnDevice(index) ? Page.NONE : file.lockCached(index);
        if (ErrPage.isError(page)) {
            file.countWriteError();
        } else if (page != Page.NONE) {
            long next = file.nextIndex(page);
            writeLocked(page);
            file.unlockAndPut(page);
            return next;
        }
        return index + 1;
    }

    /// Has the next store to a locked page fault, in every shared mapping; what was stored before
    /// is known to the page.
    void protectLocked(long index, long page) {
        if (folios.pageMapCount(page) > 0) {
            file.walk(index, (vma, address) -> makeClean(vma, address, page));
        }
    }

    /// Writes the folio of a locked page if it is dirty: all of it, since nobody knows which of its
    /// pages are.
    ///
    /// @kernel mm/page-writeback.c: folio_clear_dirty_for_io
    void writeLocked(long page) {
        long head = folios.head(page);
        long first = folios.index(head);
        for (int i = 0; i < folios.pageCount(head); i++) {
            protectLocked(first + i, head + i);
        }
        if (folios.testAndClearFlag(head, FolioFlags.DIRTY)
                && !write(first, head)
                && machine.filesOnDevices().mode() != FileBackedMode.OFF) {
            folios.setFlag(head, FolioFlags.DIRTY);
        }
    }

    /// Writes the pages of a folio, as far as the file goes.
    ///
    /// @return false after a failure, which was counted
    private boolean write(long first, long head) {
        long end = Math.min(file.size(), PageSize.pageAddress(first + folios.pageCount(head)));
        try {
            for (long at = PageSize.pageAddress(first); at < end; at += PageSize.PAGE_SIZE) {
                long index = PageSize.pageNumber(at);
                long length = Math.min(PageSize.PAGE_SIZE, end - at);
                file.store()
                        .writePage(
                                index,
                                machine.ram().bytes(head + (index - first)).asSlice(0, length));
            }
            return true;
        } catch (IOException e) {
            file.countWriteError();
            return false;
        }
    }

    /// Writes one locked folio that nothing maps, if it is dirty.
    ///
    /// @return whether it is clean now; else it is as dirty as before
    boolean cleanLocked(long head) {
        assert folios.mapCount(head) == 0;
        long first = folios.index(head);
        if (first >= file.pageCount() || !folios.testAndClearFlag(head, FolioFlags.DIRTY)) {
            return first < file.pageCount();
        }
        boolean clean = write(first, head);
        if (!clean) {
            folios.setFlag(head, FolioFlags.DIRTY);
        }
        FilesOnDevices.Event event =
                clean ? FilesOnDevices.Event.CLEANED : FilesOnDevices.Event.CLEANING_FAILED;
        machine.filesOnDevices().note(event, folios.pageCount(head));
        return clean;
    }

    /// Makes the entry that maps the page clean and read-only; the dirty bit moves to the page.
    ///
    /// @kernel mm/rmap.c: page_vma_mkclean_one
    private void makeClean(Vma vma, long address, long page) {
        if ((vma.flags() & VmFlags.SHARED) == 0) {
            return;
        }
        Mm mm = vma.mm();
        boolean started =
                mm.notifiers()
                        .start(
                                MmuNotifierRange.of(
                                        MmuNotifierRange.Event.PROTECTION_PAGE,
                                        address,
                                        address + PageSize.PAGE_SIZE));
        assert started;
        PageTableLeaf leaf = mm.pageTable().lookupLeaf(address);
        if (leaf != null && leaf.lockIfAlive()) {
            int slot = PageTableLeaf.slot(address);
            long entry = leaf.entryLocked(slot);
            if (PageTableEntry.isPresent(entry)
                    && PageTableEntry.page(entry) == page
                    && (PageTableEntry.isDirty(entry) || PageTableEntry.isWritable(entry))) {
                if (PageTableEntry.isDirty(entry)) {
                    folios.setFlag(page, FolioFlags.DIRTY);
                }
                leaf.setEntryLocked(
                        slot, PageTableEntry.withoutDirty(PageTableEntry.withoutWrite(entry)));
            }
            leaf.unlock();
        }
        mm.notifiers().end();
    }
}
