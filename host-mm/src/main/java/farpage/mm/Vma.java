package farpage.mm;

import farpage.mm.rmap.AnonVma;
import farpage.mm.rmap.AnonVmaChain;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// One mapping of a process: a range of addresses with one set of flags. It changes only under the
/// mmap lock held for writing; its bounds also only under its `AnonVma`'s lock, because the reverse
/// map reads them without the mmap lock.
///
/// @kernel include/linux/mm_types.h: struct vm_area_struct
public final class Vma {
    private final Mm mm;
    private long start;
    private long end;
    private long pageOffset;
    private int flags;

    /// Where the pages faulted in here point to; null until the first one.
    private volatile @Nullable AnonVma anonVma;

    /// Every `AnonVma` whose pages may be mapped here: that of the parent, and our own.
    private final List<AnonVmaChain> anonVmaChain = new ArrayList<>();

    Vma(Mm mm, long start, long end, long pageOffset, int flags) {
        assert PageSize.isAligned(start);
        assert PageSize.isAligned(end);
        assert start < end;
        this.mm = mm;
        this.start = start;
        this.end = end;
        this.pageOffset = pageOffset;
        this.flags = flags;
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
        return (flags & VmFlags.SHARED) == 0;
    }

    /// Whether there is no file behind it. So far there never is.
    ///
    /// @kernel include/linux/mm.h: vma_is_anonymous
    public boolean isAnonymous() {
        return true;
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
