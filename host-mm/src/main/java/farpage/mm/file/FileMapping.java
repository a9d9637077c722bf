package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Page;
import farpage.mm.PageSize;
import farpage.mm.Vma;
import farpage.mm.Zap;
import farpage.mm.lock.LockRank;
import farpage.mm.lock.RankedReadWriteLock;
import farpage.mm.memory.FolioFlags;
import farpage.mm.memory.FolioTable;
import farpage.mm.rmap.ReverseMap;
import farpage.mm.rmap.RmapRangeVisitor;
import farpage.mm.rmap.RmapVisitor;
import farpage.mm.rmap.VmaIntervalTree;
import farpage.mm.zonedevice.PagecacheOps;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/// One file: its pages in RAM, its size, and the VMAs that map it. It is the reverse map of its
/// pages.
///
/// | lock | protects |
/// | --- | --- |
/// | inode lock | the size, and writes against each other |
/// | invalidate lock | pages that are being removed against pages that are being read in |
/// | `i_mmap` | the tree of VMAs, and their bounds |
/// | `i_pages` | changes of the tree of pages |
///
/// @kernel include/linux/fs.h: struct address_space, struct inode
@SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
public final class FileMapping implements ReverseMap {
    /// The largest size of a file.
    ///
    /// @kernel include/linux/fs.h: MAX_LFS_FILESIZE
    public static final long SIZE_MAX = 1L << 60;

    /// A page that left the file between look-up and lock this often is no accident.
    private static final int TRUNCATED_RETRY_LIMIT = 1_000_000;

    /// How often a page is brought back from a device that takes it again at once.
    private static final int FETCH_LIMIT = 1000;

    private final Machine machine;
    private final FolioTable folios;
    private final BackingStore store;
    private final FileName name;
    private final PageCache pages;
    private final RankedReadWriteLock inodeLock = new RankedReadWriteLock(LockRank.INODE);
    private final RankedReadWriteLock invalidateLock = new RankedReadWriteLock(LockRank.INVALIDATE);
    private final RankedReadWriteLock mmapLock = new RankedReadWriteLock(LockRank.I_MMAP);
    private final VmaIntervalTree mappedVmas = new VmaIntervalTree();
    private final AtomicInteger writeErrors = new AtomicInteger();

    /// Those that devices have of its pages; null where devices have none.
    private final @Nullable DeviceCopies copies;

    /// The largest order of its folios; 0 if they are base pages.
    private final int maxFolioOrder;

    private final NewFileFolios newFolios;
    private volatile long size;

    /// Openings; guarded by the lock of the [FileTable].
    int openCount;

    /// @param maxFolioOrder the largest order of its folios; 0 if they are base pages
    FileMapping(Machine machine, BackingStore store, FileName name, long size, int maxFolioOrder) {
        assert size >= 0;
        assert maxFolioOrder == 0 || !store.isShmem() : "shared memory is made of base pages";
        this.machine = machine;
        this.folios = machine.folios();
        this.store = store;
        this.name = name;
        this.pages = new PageCache(machine);
        this.maxFolioOrder = maxFolioOrder;
        this.newFolios = new NewFileFolios(this);
        this.copies = machine.filesOnDevices().copiesPages() ? new DeviceCopies(this) : null;
        this.size = size;
    }

    Machine machine() {
        return machine;
    }

    BackingStore store() {
        return store;
    }

    PageCache pages() {
        return pages;
    }

    RankedReadWriteLock inodeLock() {
        return inodeLock;
    }

    RankedReadWriteLock invalidateLock() {
        return invalidateLock;
    }

    /// Whether the pages are the only place of the contents.
    ///
    /// @kernel include/linux/shmem_fs.h: shmem_mapping
    public boolean isShmem() {
        return store.isShmem();
    }

    /// The largest order that its folios may have; 0 if all are base pages.
    ///
    /// @kernel include/linux/pagemap.h: mapping_max_folio_order
    public int maxFolioOrder() {
        return maxFolioOrder;
    }

    /// What it is called in the views of a process.
    public FileName name() {
        return name;
    }

    /// Bytes in the file.
    public long size() {
        return size;
    }

    /// The inode lock is held for writing.
    void setSize(long newSize) {
        assert inodeLock.isHeldForWrite();
        size = newSize;
    }

    /// Pages that the file has, the last one perhaps in part.
    public long pageCount() {
        return pageCount(size);
    }

    static long pageCount(long size) {
        return PageSize.pageNumber(PageSize.alignUp(size));
    }

    /// Pages in RAM.
    ///
    /// @kernel include/linux/fs.h: nrpages
    public long cachedPageCount() {
        return pages.pageCount();
    }

    /// The page in RAM of an index, without a reference, for checks; [Page#NONE] if there is none.
    public long lookupPage(long index) {
        return pages.lookup(index);
    }

    /// The first index in `[index, end)` that has a page in RAM; `end` if there is none.
    public long nextCached(long index, long end) {
        return pages.next(index, end);
    }

    /// The copies that devices have of its pages; null where devices have none.
    public @Nullable DeviceCopies copies() {
        return copies;
    }

    /// A locked page is about to change, or to leave the file.
    public void dropCopies(long index) {
        if (copies != null) {
            copies.drop(index);
        }
    }

    /// The same for pages `[start, end)` of one folio.
    void dropCopies(long start, long end) {
        for (long index = start; copies != null && index < end; index++) {
            copies.drop(index);
        }
    }

    /// Which page of the file the folio of a page begins with.
    long firstIndex(long page) {
        return folios.index(folios.head(page));
    }

    /// The page of the file behind the last one of the folio of a page.
    ///
    /// @kernel include/linux/pagemap.h: folio_next_index
    long nextIndex(long page) {
        return firstIndex(page) + folios.pageCount(page);
    }

    /// References that its file, or the swap cache, has to a folio.
    ///
    /// @param page any page of it
    /// @kernel include/linux/mm.h: folio_expected_ref_count
    public static int cacheReferences(FolioTable folios, long page) {
        if (folios.hasFlag(page, FolioFlags.SWAPCACHE)) {
            return 1;
        }
        return folios.mapping(page) instanceof FileMapping ? folios.pageCount(page) : 0;
    }

    // Finding pages.

    /// The page of an index if the file has it, with a reference for the caller, not locked; else
    /// [Page#NONE]. A page on a device is brought back first: nobody is ever given one.
    ///
    /// @return an [ErrPage] of ENOMEM or EIO if it can not be brought back, of EBUSY if a device
    ///   takes it again and again
    /// @kernel mm/filemap.c: filemap_get_entry
    public long getCached(long index) {
        for (int attempt = 0; attempt < FETCH_LIMIT; attempt++) {
            long page = pages.get(index);
            if (!isOnDevice(page)) {
                return page;
            }
            Errno errno = new MigrateToPagecache(this).fetch(index, page);
            if (!errno.isOk()) {
                return ErrPage.of(errno);
            }
        }
        return ErrPage.of(Errno.EBUSY);
    }

    /// Whether a page that was looked up is a device's.
    private static boolean isOnDevice(long page) {
        return page != Page.NONE && Page.isDevicePrivate(page);
    }

    /// Whether the page of an index lies on a device that has not written it, so that its store has
    /// the contents. It is not looked up as by [#getCached(long)].
    ///
    /// @kernel mm/filemap.c: filemap_get_folios_tag
    boolean isCleanOnDevice(long index) {
        long page = pages.lookup(index);
        return isOnDevice(page)
                && !folios.hasFlag(page, FolioFlags.DIRTY)
                && pages.lookup(index) == page;
    }

    /// Reads pages `[first, end)` into RAM, as far as there are that many and it can be done.
    ///
    /// @kernel mm/readahead.c: force_page_cache_ra
    public void readAhead(long first, long end) {
        for (long index = first; index < Math.min(end, pageCount()); ) {
            long page = lockAndReadIn(index);
            if (ErrPage.isError(page)) {
                return;
            }
            index = nextIndex(page);
            unlockAndPut(page);
        }
    }

    /// The page of an index, locked and with a reference, its contents read in; it is made if need
    /// be. For a fault: the mmap lock is held.
    ///
    /// @return an [ErrPage] of EFAULT beyond the end of the file, of ENOMEM, or of EIO
    /// @kernel mm/filemap.c: filemap_fault; mm/shmem.c: shmem_fault
    public long lockForFault(long index) {
        if (index >= pageCount()) {
            return ErrPage.of(Errno.EFAULT);
        }
        long page = lockCached(index);
        if (ErrPage.isError(page)) {
            return page;
        }
        if (page != Page.NONE && !folios.hasFlag(page, FolioFlags.UPTODATE)) {
            unlockAndPut(page);
            page = Page.NONE;
        }
        if (page == Page.NONE) {
            page = lockAndReadIn(index);
        }
        if (!ErrPage.isError(page) && index >= pageCount()) {
            unlockAndPut(page);
            return ErrPage.of(Errno.EFAULT);
        }
        return page;
    }

    /// As [#lockOrCreate(long)]; nobody removes pages meanwhile, so that what is read in is not
    /// what was just removed.
    long lockAndReadIn(long index) {
        invalidateLock.lockRead();
        try {
            return lockOrCreate(index);
        } finally {
            invalidateLock.unlockRead();
        }
    }

    /// The page of an index whatever the size of the file is, locked, with a reference and its
    /// contents.
    ///
    /// @return an [ErrPage] of ENOMEM or EIO, or of a page that stays on a device
    long lockOrCreate(long index) {
        long page = lockOrNew(index, 0);
        if (!ErrPage.isError(page) && !folios.hasFlag(page, FolioFlags.UPTODATE)) {
            Errno errno = readIn(page);
            if (!errno.isOk()) {
                unlockAndPut(page);
                return ErrPage.of(errno);
            }
        }
        return page;
    }

    /// The page of an index, locked and with a reference; a new one has no contents yet.
    ///
    /// @param length bytes that are to be written from there on; 0 if it is to be read in
    /// @return an [ErrPage] of ENOMEM, or of a page that stays on a device
    /// @kernel mm/filemap.c: __filemap_get_folio with FGP_LOCK and FGP_CREAT
    long lockOrNew(long index, long length) {
        for (int attempt = 0; attempt < TRUNCATED_RETRY_LIMIT; attempt++) {
            long page = lockCached(index);
            if (page == Page.NONE) {
                page =
                        length == 0
                                ? newFolios.addForReading(index)
                                : newFolios.addForWriting(index, length);
            }
            if (page != Page.NONE) {
                return page;
            }
        }
        throw new IllegalStateException(
                "page " + index + " of a file came and went " + TRUNCATED_RETRY_LIMIT + " times");
    }

    /// The page of an index if the file has it, locked and with a reference; else [Page#NONE].
    ///
    /// @return an [ErrPage] as of [#getCached(long)]
    /// @kernel mm/filemap.c: filemap_lock_folio
    long lockCached(long index) {
        for (int attempt = 0; attempt < TRUNCATED_RETRY_LIMIT; attempt++) {
            long page = getCached(index);
            if (page == Page.NONE || ErrPage.isError(page)) {
                return page;
            }
            folios.lock(page);
            if (holds(page, index)) {
                return page;
            }
            unlockAndPut(page);
        }
        throw new IllegalStateException(
                "page " + index + " of a file left it " + TRUNCATED_RETRY_LIMIT + " times");
    }

    /// The page of an index wherever it is, locked and with a reference, to be thrown away; else
    /// [Page#NONE]. What is thrown away need not be brought back from a device first.
    long lockToRemove(long index) {
        if (!machine.filesOnDevices().movesPages()) {
            return lockCached(index);
        }
        for (int attempt = 0; attempt < TRUNCATED_RETRY_LIMIT; attempt++) {
            long page = pages.get(index);
            if (!isOnDevice(page)) {
                if (page != Page.NONE) {
                    machine.put(page);
                }
                long locked = lockCached(index);
                if (!ErrPage.isError(locked)) {
                    return locked;
                }
            } else if (!folios.tryLock(page)) {
                machine.put(page);
                folios.waitUnlocked(page);
            } else if (holds(page, index)) {
                return page;
            } else {
                unlockAndPut(page);
            }
        }
        throw new IllegalStateException(
                "page " + index + " of a file moved " + TRUNCATED_RETRY_LIMIT + " times");
    }

    /// The page of an index if it is in RAM with contents and can be had without waiting, locked
    /// and with a reference; else [Page#NONE].
    ///
    /// @kernel mm/filemap.c: next_uptodate_folio
    public long tryLockCached(long index) {
        long page = pages.get(index);
        if (page == Page.NONE) {
            return Page.NONE;
        }
        if (Page.isDevicePrivate(page)
                || !folios.hasFlag(page, FolioFlags.UPTODATE)
                || folios.hasFlag(page, FolioFlags.HWPOISON)
                || !folios.tryLock(page)) {
            machine.put(page);
            return Page.NONE;
        }
        if (!holds(page, index)
                || !folios.hasFlag(page, FolioFlags.UPTODATE)
                || index >= pageCount()) {
            unlockAndPut(page);
            return Page.NONE;
        }
        return page;
    }

    /// Whether a locked page still is that page of this file.
    ///
    /// @kernel mm/filemap.c: folio->mapping checked under the folio lock
    public boolean holds(long page, long index) {
        assert folios.isLocked(page);
        return folios.mapping(page) == this && folios.index(page) == index;
    }

    /// Fills the folio of a locked page from the store.
    Errno readIn(long page) {
        long head = folios.head(page);
        long first = folios.index(head);
        try {
            for (int i = 0; i < folios.pageCount(head); i++) {
                store.readPage(first + i, machine.ram().bytes(head + i));
            }
        } catch (IOException e) {
            return Errno.EIO;
        }
        folios.setFlag(head, FolioFlags.UPTODATE);
        return Errno.OK;
    }

    void unlockAndPut(long page) {
        folios.unlock(page);
        machine.put(page);
    }

    /// Takes the folio of a locked page, mapped nowhere, out of the file.
    ///
    /// @kernel mm/truncate.c: truncate_inode_folio; mm/filemap.c: filemap_remove_folio
    public void removeLocked(long index, long page) {
        assert holds(page, index);
        long head = folios.head(page);
        long first = folios.index(head);
        int count = folios.pageCount(head);
        dropCopies(first, first + count);
        folios.clearFlag(head, FolioFlags.DIRTY);
        pages.remove(first, head);
        if (!Page.isDevicePrivate(head)) {
            noteReclaimable(-count);
        }
        folios.setMapping(head, null, 0);
        machine.put(head, count);
    }

    void noteReclaimable(int pageCount) {
        if (!isShmem()) {
            machine.reclaim().noteFilePages(pageCount);
        }
    }

    /// Writes the folio of a locked page, mapped nowhere, if it is dirty, and gives it up if nobody
    /// but the caller has a reference to it. All its references are frozen then.
    ///
    /// @return false if the folio stays
    /// @kernel mm/vmscan.c: pageout, __remove_mapping
    public boolean evictLocked(long index, long page) {
        assert holds(page, index);
        long head = folios.head(page);
        long first = folios.index(head);
        int count = folios.pageCount(head);
        dropCopies(first, first + count);
        if (folios.hasFlag(head, FolioFlags.DIRTY)) {
            new WriteBack(this).writeLocked(head);
        }
        if (folios.hasFlag(head, FolioFlags.DIRTY) || !pages.removeUnused(first, head)) {
            return false;
        }
        noteReclaimable(-count);
        folios.setMapping(head, null, 0);
        return true;
    }

    /// The memory of a locked page, mapped nowhere, is broken: the file forgets the page, and tells
    /// whoever asks next if there was something to be written. A page of shared memory stays, since
    /// it is the only place of its contents.
    ///
    /// @return whether the file gave the page up
    /// @kernel mm/memory-failure.c: truncate_error_folio; mm/shmem.c: shmem_error_remove_folio
    public boolean removeBroken(long index, long page) {
        assert holds(page, index);
        if (folios.hasFlag(page, FolioFlags.DIRTY) && !isShmem()) {
            countWriteError();
        }
        if (isShmem()) {
            return false;
        }
        removeLocked(index, page);
        return true;
    }

    /// Gives up the folio of a locked page whose memory is broken, if its contents are in the
    /// store.
    ///
    /// @return false if they are not, or somebody else has a reference
    /// @kernel mm/truncate.c: mapping_evict_folio
    public boolean evictBroken(long index, long page) {
        unmap(firstIndex(page), nextIndex(page), false);
        boolean evictable =
                !isShmem()
                        && !folios.hasFlag(page, FolioFlags.DIRTY)
                        && folios.refCount(page) == 1 + folios.pageCount(page);
        if (evictable) {
            removeLocked(index, page);
        }
        return evictable;
    }

    // Migration.

    /// Has a locked folio, mapped nowhere, cut if nobody but the caller has a reference to it. Each
    /// piece has one for him then.
    ///
    /// @param head the first page
    /// @param newOrder of the pieces
    /// @param cut what is done to the folio, whose references are frozen
    /// @return false, and nothing changed, if somebody has
    /// @kernel mm/huge_memory.c: __folio_freeze_and_split_unmapped
    public boolean split(long head, int newOrder, Runnable cut) {
        return pages.split(folios.index(head), head, newOrder, cut);
    }

    /// Puts the destination of a migration in the place of its source. Both are heads of folios of
    /// one size.
    ///
    /// @param expectedReferences to the source, that of this file included
    /// @return false, and nothing changed, if there are other references
    /// @kernel mm/migrate.c: folio_migrate_mapping
    public boolean migrate(long from, long to, int expectedReferences) {
        boolean moved =
                pages.replace(
                        folios.index(from),
                        from,
                        to,
                        expectedReferences,
                        () -> folios.migrateState(from, to));
        if (moved && Page.isDevicePrivate(from) != Page.isDevicePrivate(to)) {
            int count = folios.pageCount(to);
            noteReclaimable(Page.isDevicePrivate(to) ? -count : count);
        }
        return moved;
    }

    /// Makes a locked folio, mapped nowhere, ready to move to a device: what is dirty is written to
    /// the store, since the device's page may be lost.
    ///
    /// @return false if it has to stay: such pages do not move, it was cut off, it could not be
    ///   written, or, for shared memory, the driver could not give it back
    /// @kernel mm/migrate.c: writeout, fallback_migrate_folio
    public boolean prepareForDevice(long page, long to) {
        if (!machine.filesOnDevices().movesPages() || !Page.isDevicePrivate(to)) {
            return false;
        }
        if (Page.isDevicePrivate(page)) {
            return true;
        }
        long index = folios.index(page);
        if (index >= pageCount() || isAnyBroken(page)) {
            return false;
        }
        return isShmem()
                ? machine.pagemap(to).privateOps() instanceof PagecacheOps
                : new WriteBack(this).cleanLocked(page);
    }

    private boolean isAnyBroken(long head) {
        for (int i = 0; i < folios.pageCount(head); i++) {
            if (folios.hasFlag(head + i, FolioFlags.HWPOISON)) {
                return true;
            }
        }
        return false;
    }

    // Errors of write-back.

    int writeErrorCount() {
        return writeErrors.get();
    }

    void countWriteError() {
        writeErrors.incrementAndGet();
    }

    // VMAs.

    /// Adds a VMA, or one that was taken out for a change of its bounds.
    ///
    /// @kernel mm/vma.c: vma_link_file
    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    public void link(VmaIntervalTree.Node node) {
        mmapLock.lockWrite();
        mappedVmas.insert(node);
        mmapLock.unlockWrite();
    }

    /// Takes a VMA out.
    ///
    /// @kernel mm/vma.c: unlink_file_vma
    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    public void unlink(VmaIntervalTree.Node node) {
        mmapLock.lockWrite();
        mappedVmas.remove(node);
        mmapLock.unlockWrite();
    }

    /// Changes the bounds of a VMA while the reverse map can not look.
    ///
    /// @kernel mm/vma.c: vma_prepare, vma_complete
    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    public void changeBounds(VmaIntervalTree.Node node, Runnable change) {
        mmapLock.lockWrite();
        try {
            mappedVmas.remove(node);
            change.run();
            mappedVmas.insert(node);
        } finally {
            mmapLock.unlockWrite();
        }
    }

    /// Keeps the reverse map from being walked, while entries move from one VMA to another.
    ///
    /// @kernel mm/mremap.c: take_rmap_locks
    public void lockMappings() {
        mmapLock.lockWrite();
    }

    public void unlockMappings() {
        mmapLock.unlockWrite();
    }

    /// Whether any VMA maps the file.
    ///
    /// @kernel include/linux/fs.h: mapping_mapped
    public boolean isMapped() {
        mmapLock.lockRead();
        try {
            return !mappedVmas.isEmpty();
        } finally {
            mmapLock.unlockRead();
        }
    }

    /// Whether the reverse map knows the VMA.
    public boolean covers(Vma vma) {
        long first = vma.pageOffset();
        long last = first + vma.pageCount() - 1;
        mmapLock.lockRead();
        try {
            VmaIntervalTree.Node node = mappedVmas.first(first, last);
            while (node != null && node.vma() != vma) {
                node = mappedVmas.next(node, first, last);
            }
            return node != null;
        } finally {
            mmapLock.unlockRead();
        }
    }

    @Override
    public boolean isAnonymous() {
        return false;
    }

    /// @kernel mm/rmap.c: rmap_walk_file
    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    @Override
    public void walk(long pageIndex, RmapVisitor visitor) {
        mmapLock.lockRead();
        try {
            VmaIntervalTree.Node node = mappedVmas.first(pageIndex, pageIndex);
            while (node != null) {
                visitor.visit(node.vma(), node.vma().addressOfIndex(pageIndex));
                node = mappedVmas.next(node, pageIndex, pageIndex);
            }
        } finally {
            mmapLock.unlockRead();
        }
    }

    @Override
    public void walk(long firstIndex, int pageCount, RmapRangeVisitor visitor) {
        long lastIndex = firstIndex + pageCount - 1;
        mmapLock.lockRead();
        try {
            VmaIntervalTree.Node node = mappedVmas.first(firstIndex, lastIndex);
            while (node != null) {
                Vma vma = node.vma();
                long first = Math.max(firstIndex, vma.pageOffset());
                long last = Math.min(lastIndex, vma.pageOffset() + vma.pageCount() - 1);
                visitor.visit(
                        vma,
                        vma.addressOfIndex(first),
                        (int) (first - firstIndex),
                        (int) (last - first + 1));
                node = mappedVmas.next(node, firstIndex, lastIndex);
            }
        } finally {
            mmapLock.unlockRead();
        }
    }

    /// Removes the pages `[start, end)` from all mappings.
    ///
    /// @param evenCows private copies too
    /// @kernel mm/memory.c: unmap_mapping_pages
    void unmap(long start, long end, boolean evenCows) {
        mmapLock.lockRead();
        try {
            VmaIntervalTree.Node node = mappedVmas.first(start, end - 1);
            while (node != null) {
                unmap(node.vma(), start, end, evenCows);
                node = mappedVmas.next(node, start, end - 1);
            }
        } finally {
            mmapLock.unlockRead();
        }
    }

    private static void unmap(Vma vma, long start, long end, boolean evenCows) {
        long first = Math.max(start, vma.pageOffset());
        long stop = Math.min(end, vma.pageOffset() + vma.pageCount());
        long address = vma.addressOfIndex(first);
        Zap.unmapFilePages(vma, address, address + PageSize.pageAddress(stop - first), evenCows);
    }
}
