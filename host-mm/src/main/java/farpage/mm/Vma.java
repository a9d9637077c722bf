package farpage.mm;

import farpage.mm.file.OpenFile;
import farpage.mm.hugetlb.HugetlbReservation;
import farpage.mm.mempolicy.Mempolicy;
import farpage.mm.pagetable.PageTableEntry;
import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.AnonVmaChain;
import farpage.mm.rmap.VmaIntervalTree;
import farpage.mm.userfaultfd.Userfaultfd;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One mapping of a process: a range of addresses with one set of flags. It changes only under the
/// mmap lock held for writing; its bounds also only under the locks of its file and its `AnonVma`,
/// because the reverse map reads them without the mmap lock.
///
/// @kernel include/linux/mm_types.h: struct vm_area_struct
public final class Vma {
    private final Mm mm;
    private long start;
    private long end;
    private long pageOffset;
    private int flags;
    private final @Nullable OpenFile file;

    /// Its place among the VMAs of its file; null without a file.
    private final VmaIntervalTree.@Nullable Node fileNode;

    /// Who is asked about faults here; null if nobody is.
    private @Nullable Userfaultfd userfaultfd;

    /// The huge pages that were set aside for it; null if it is of ordinary ones, or is a child's.
    private @Nullable HugetlbReservation hugetlbReservation;

    /// Which nodes its pages come from; null if that is left to the process.
    private @Nullable Mempolicy mempolicy;

    /// Where the pages faulted in here point to; null until the first one.
    private volatile @Nullable AnonVma anonVma;

    /// Every `AnonVma` whose pages may be mapped here: that of the parent, and our own.
    private final List<AnonVmaChain> anonVmaChain = new ArrayList<>();

    /// One of anonymous memory.
    Vma(Mm mm, long start, long end, long pageOffset, int flags) {
        this(mm, start, end, pageOffset, flags, null);
    }

    /// Does not take a reference to the file: a VMA that is in a tree has one.
    @SuppressWarnings("this-escape") // the node only stores it
    Vma(Mm mm, long start, long end, long pageOffset, int flags, @Nullable OpenFile file) {
        assert PageSize.isAligned(start);
        assert PageSize.isAligned(end);
        assert start < end;
        this.mm = mm;
        this.start = start;
        this.end = end;
        this.pageOffset = pageOffset;
        this.flags = flags;
        this.file = file;
        this.fileNode = file == null ? null : new VmaIntervalTree.Node(this);
    }

    /// A VMA of the same kind elsewhere, not yet known to anybody and without pages.
    ///
    /// @kernel kernel/fork.c: vm_area_dup
    Vma duplicate(Mm newMm, long newStart, long newEnd, long newPageOffset) {
        Vma copy = new Vma(newMm, newStart, newEnd, newPageOffset, flags, file);
        copy.userfaultfd = userfaultfd;
        copy.mempolicy = mempolicy;
        copy.hugetlbReservation = newMm == mm ? hugetlbReservation : null;
        return copy;
    }

    public Mm mm() {
        return mm;
    }

    public long start() {
        return start;
    }

    public long end() {
        return end;
    }

    public long pageCount() {
        return PageSize.pageNumber(end - start);
    }

    public int flags() {
        return flags;
    }

    public boolean isReadable() {
        return (flags & VmFlags.READ) != 0;
    }

    public boolean isWritable() {
        return (flags & VmFlags.WRITE) != 0;
    }

    /// Whether the process may touch it at all.
    ///
    /// @kernel include/linux/mm.h: vma_is_accessible
    public boolean isAccessible() {
        return (flags & VmFlags.ACCESS) != 0;
    }

    /// Whether a store makes a private copy of a page that others may map too.
    ///
    /// @kernel include/linux/mm.h: is_cow_mapping
    public boolean isCopyOnWrite() {
        return (flags & (VmFlags.SHARED | VmFlags.MAYWRITE)) == VmFlags.MAYWRITE;
    }

    /// Whether stores go to the pages that others see too.
    ///
    /// @kernel include/linux/mm.h: VM_SHARED
    public boolean isShared() {
        return (flags & VmFlags.SHARED) != 0;
    }

    /// Whether there is no file behind it. Its private copies of a file's pages are anonymous all
    /// the same.
    ///
    /// @kernel include/linux/mm.h: vma_is_anonymous
    public boolean isAnonymous() {
        return file == null && !isHugetlb();
    }

    /// Whether it consists of huge pages that the machine set aside: it is not a file's, but nor is
    /// it handled as other anonymous memory.
    ///
    /// @kernel include/linux/hugetlb_inline.h: is_vm_hugetlb_page
    public boolean isHugetlb() {
        return (flags & VmFlags.HUGETLB) != 0;
    }

    /// What was set aside for it and not used yet, the parts that it was cut from included; null
    /// for ordinary mappings, and for those that a fork made.
    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    public @Nullable HugetlbReservation hugetlbReservation() {
        return hugetlbReservation;
    }

    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    public void setHugetlbReservation(HugetlbReservation reservation) {
        hugetlbReservation = reservation;
    }

    /// What is mapped; null for anonymous memory. For shared anonymous memory it is a file that has
    /// no name.
    ///
    /// @kernel include/linux/mm_types.h: struct vm_area_struct, vm_file
    public @Nullable OpenFile file() {
        return file;
    }

    /// Which nodes its pages come from; null if that is left to the process.
    ///
    /// @kernel include/linux/mm_types.h: struct vm_area_struct, vm_policy
    public @Nullable Mempolicy mempolicy() {
        return mempolicy;
    }

    void setMempolicy(@Nullable Mempolicy policy) {
        mempolicy = policy;
    }

    /// The policy that counts here: its own, or that of the process; null for the machine's.
    ///
    /// @kernel mm/mempolicy.c: get_vma_policy
    public @Nullable Mempolicy effectiveMempolicy() {
        return mempolicy == null ? mm.mempolicy() : mempolicy;
    }

    /// Who is asked about faults here; null if nobody is.
    ///
    /// @kernel include/linux/mm_types.h: struct vm_area_struct, vm_userfaultfd_ctx
    public @Nullable Userfaultfd userfaultfd() {
        return userfaultfd;
    }

    /// Changes who is asked, and about what.
    ///
    /// @param registered what is registered, of [VmFlags#UFFD]
    void setUserfaultfd(@Nullable Userfaultfd registrant, int registered) {
        assert (registered & ~VmFlags.UFFD) == 0;
        assert (registrant == null) == (registered == 0);
        userfaultfd = registrant;
        flags = flags & ~VmFlags.UFFD | registered;
    }

    /// Whether the first access to a page is somebody else's to handle.
    ///
    /// @kernel include/linux/userfaultfd_k.h: userfaultfd_missing
    public boolean hasUffdMissing() {
        return (flags & VmFlags.UFFD_MISSING) != 0;
    }

    /// Whether stores to pages that were protected for it are somebody else's to handle.
    ///
    /// @kernel include/linux/userfaultfd_k.h: userfaultfd_wp
    public boolean hasUffdWp() {
        return (flags & VmFlags.UFFD_WP) != 0;
    }

    /// Whether a store through this entry is somebody else's to handle.
    ///
    /// @kernel include/linux/userfaultfd_k.h: userfaultfd_pte_wp
    public boolean isUffdWp(long entry) {
        return hasUffdWp() && PageTableEntry.isUffdWp(entry);
    }

    VmaIntervalTree.@Nullable Node fileNode() {
        return fileNode;
    }

    /// Whether somebody wants to know which pages are stored to from now on: the soft-dirty bits
    /// were cleared since the mapping was made. A new mapping counts as stored to everywhere.
    ///
    /// @kernel mm/internal.h: vma_soft_dirty_enabled
    public boolean tracksSoftDirty() {
        return (flags & VmFlags.SOFTDIRTY) == 0;
    }

    /// Whether the entry must not become writable without a fault, which makes it soft-dirty.
    ///
    /// @kernel mm/internal.h: pte_needs_soft_dirty_wp
    public boolean mustNoticeStore(long entry) {
        return tracksSoftDirty() && !PageTableEntry.isSoftDirty(entry);
    }

    /// Whether the first store to a clean page must be noticed: the file wants to know which pages
    /// it must write back, soft-dirty bits are wanted, userfaultfd is to be asked, or devices may
    /// have copies.
    ///
    /// @kernel mm/mmap.c: vma_wants_writenotify
    public boolean wantsWriteNotify() {
        int sharedWritable = VmFlags.SHARED | VmFlags.WRITE;
        return file != null
                && (flags & sharedWritable) == sharedWritable
                && (!file.mapping().isShmem()
                        || tracksSoftDirty()
                        || hasUffdWp()
                        || file.mapping().copies() != null);
    }

    /// Whether an entry for a page of the file is writable from the start.
    ///
    /// @kernel include/linux/mm_types.h: struct vm_area_struct, vm_page_prot
    public boolean mapsWritable() {
        int sharedWritable = VmFlags.SHARED | VmFlags.WRITE;
        return (flags & sharedWritable) == sharedWritable && !wantsWriteNotify();
    }

    public boolean contains(long address) {
        return start <= address && address < end;
    }

    /// The number that a page at this address has in the reverse map.
    ///
    /// @kernel include/linux/pagemap.h: linear_page_index
    public long pageIndex(long address) {
        assert contains(address);
        return pageOffset + PageSize.pageNumber(address - start);
    }

    /// The address of a page by its index; -1 if this VMA does not cover it.
    ///
    /// @kernel mm/internal.h: vma_address
    public long addressOfIndex(long pageIndex) {
        long pages = pageIndex - pageOffset;
        return pages < 0 || pages >= pageCount() ? -1 : start + PageSize.pageAddress(pages);
    }

    /// The number of its first page: where it begins in its file, or for anonymous memory where it
    /// was when its first page came.
    ///
    /// @kernel include/linux/mm_types.h: struct vm_area_struct, vm_pgoff
    public long pageOffset() {
        return pageOffset;
    }

    void setBounds(long newStart, long newEnd) {
        pageOffset += PageSize.pageNumber(newStart) - PageSize.pageNumber(start);
        start = newStart;
        end = newEnd;
    }

    void setFlags(int newFlags) {
        flags = newFlags;
    }

    @SuppressWarnings("exports") // for the packages of this module; nobody else can name the type
    public @Nullable AnonVma anonVma() {
        return anonVma;
    }

    void setAnonVma(@Nullable AnonVma own) {
        anonVma = own;
    }

    List<AnonVmaChain> anonVmaChain() {
        return anonVmaChain;
    }

    /// As a line of `/proc/PID/maps`.
    @Override
    public String toString() {
        return String.format(
                "%012x-%012x %s %08x 00:00 0",
                start,
                end,
                VmFlags.describe(flags),
                isAnonymous() ? 0 : PageSize.pageAddress(pageOffset));
    }
}
