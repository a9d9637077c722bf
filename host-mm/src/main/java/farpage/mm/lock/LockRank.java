package farpage.mm.lock;

/// The order in which locks nest, outermost first. While a lock is held, only locks of a later rank
/// may be waited for; a lock of the same or an earlier rank may only be tried.
///
/// The order is the kernel's own, with a driver's locks where its notifier callback forces them:
/// the callback runs under `MMAP`, `FOLIO` and `ANON_VMA` and takes `DRIVER_UPDATE`. What each lock
/// protects is in docs/LOCKING.md.
///
/// @kernel mm/rmap.c: the lock order comment
public enum LockRank {
    /// A turn of `khugepaged`: where the next one begins.
    KHUGEPAGED,
    /// The list of a machine's processes.
    DEVICE_REGISTRY,
    /// `mf_mutex`: the handling of broken memory, a driver's part in it included.
    MEMORY_FAILURE,
    /// A driver's own migrations; eviction happens under nothing inner.
    DRIVER_SVM,
    /// `ksm_thread_mutex`: the passes of same-page merging, and its trees.
    KSM_THREAD,
    /// `pipe->mutex`: what a pipe has. Who moves it to or from a file has the pipe first.
    PIPE,
    /// `inode->i_rwsem`: the size of a file, and writes to it against each other.
    INODE,
    /// `mm->mmap_lock`: the VMAs of one process.
    MMAP,
    /// The files that are open on a machine. A VMA may hold the last reference to one.
    FILE_TABLE,
    /// `mapping->invalidate_lock`: truncation of a file against its faults.
    INVALIDATE,
    /// The folio lock. The first may be waited for; further ones may only be tried.
    FOLIO,
    /// `mapping->i_mmap_rwsem`: the VMAs that map a file.
    I_MMAP,
    /// `anon_vma->root->rwsem`: the VMAs that may map an anonymous folio.
    ANON_VMA,
    /// A mirroring driver's lock: its own page table. Held while the device touches memory.
    DRIVER_UPDATE,
    /// A page table's lock (`ptl`).
    PAGE_TABLE,
    /// `mapping->i_pages`: the page cache tree.
    I_PAGES,
    /// The slots of one swap area and the folios that stand for them.
    SWAP_AREA,
    /// Which pages of a device other devices have.
    PEER_PAGES,
    /// A device's page allocator.
    DEVICE_ALLOCATOR,
    /// `mem_hotplug_lock`: a machine's pagemaps. A driver adds one while it allocates device pages.
    MEMORY_HOTPLUG,
    /// `hugetlb_lock`: the pool of huge pages, and what is reserved of it.
    HUGETLB,
    /// The buddy allocator of system memory (`zone->lock`).
    ZONE,
    /// `ksm_mmlist_lock`: the processes that advised same-page merging.
    KSM_MM_LIST,
    /// The notifier sequence of one process.
    NOTIFIER_SEQUENCE,
    /// Submission to one command queue.
    COPY_QUEUE,
    /// A wait queue's own lock: who sleeps for a folio, for the last page of a pagemap, or for a
    /// page that the program provides.
    WAIT_QUEUE,
    /// What the memmap of a section keeps beside its words.
    MEMMAP_COUNTS
}
