package farpage.mm;

import farpage.mm.file.FileMapping;
import farpage.mm.file.OpenFile;
import org.jspecify.annotations.Nullable;

/// What one call of `mmap` is to map, once the place is known to be good. Closing it drops the
/// reference to a file that the call itself made.
///
/// @kernel mm/mmap.c: do_mmap
final class MmapArguments implements AutoCloseable {
    private static final long NOWHERE = -1;

    private final long size;
    private final long alignment;
    private final int flags;
    private final @Nullable OpenFile file;
    private final long offset;
    private final Errno check;
    private final boolean ownFile;

    MmapArguments(Machine machine, long length, int flags, @Nullable OpenFile file, long offset) {
        assert (flags & ~(VmFlags.ACCESS | VmFlags.SHARED | VmFlags.HUGETLB)) == 0;
        boolean hugetlb = (flags & VmFlags.HUGETLB) != 0;
        assert !hugetlb || file == null && (flags & VmFlags.SHARED) == 0;
        this.alignment = hugetlb ? PageSize.PMD_SIZE : PageSize.PAGE_SIZE;
        this.size = length + alignment - 1 & -alignment;
        this.offset = offset;
        this.check = file == null ? Errno.OK : check(flags, file, offset, size);
        boolean shared = (flags & VmFlags.SHARED) != 0;
        this.ownFile = shared && file == null;
        this.file = ownFile ? machine.files().sharedMemory(size) : file;
        this.flags = vmFlags(flags | VmFlags.MAY_ACCESS | VmFlags.SOFTDIRTY, file);
    }

    /// Private memory that can be written is accounted for. A shared mapping of a file that is open
    /// for reading alone is shared only by name: nobody can ever store through it.
    private static int vmFlags(int flags, @Nullable OpenFile file) {
        if ((flags & VmFlags.HUGETLB) != 0) {
            return flags | VmFlags.DONTEXPAND;
        }
        if ((flags & VmFlags.SHARED) == 0) {
            return (flags & VmFlags.WRITE) != 0 ? flags | VmFlags.ACCOUNT : flags;
        }
        int shared = flags | VmFlags.MAYSHARE;
        return file == null || file.isWritable()
                ? shared
                : shared & ~(VmFlags.MAYWRITE | VmFlags.SHARED);
    }

    private static Errno check(int flags, OpenFile file, long offset, long size) {
        if (!PageSize.isAligned(offset) || offset < 0) {
            return Errno.EINVAL;
        }
        if (offset > FileMapping.SIZE_MAX - size) {
            return Errno.EOVERFLOW;
        }
        boolean sharedWrite = (flags & VmFlags.SHARED) != 0 && (flags & VmFlags.WRITE) != 0;
        return !file.isReadable() || sharedWrite && !file.isWritable() ? Errno.EACCES : Errno.OK;
    }

    Errno check() {
        return check;
    }

    /// Bytes to map, whole pages, or whole huge pages.
    long size() {
        return size;
    }

    /// What the place must be a multiple of.
    long alignment() {
        return alignment;
    }

    /// Where it goes if the caller has no wish: where huge pages fit, if there is such a place.
    ///
    /// @return an address, or a negative number if there is no hole
    /// @kernel mm/mmap.c: __get_unmapped_area
    long placeIn(VmaTree vmas, long lowest) {
        long address = placeForHugePages(vmas, lowest);
        return address < 0 ? vmas.highestHole(size, alignment, lowest) : address;
    }

    /// Whole huge pages of private memory begin where one can; large folios of a file lie in memory
    /// as they do in the file.
    ///
    /// @kernel mm/huge_memory.c: thp_get_unmapped_area_vmflags, __thp_get_unmapped_area
    private long placeForHugePages(VmaTree vmas, long lowest) {
        if (file == null) {
            return PageSize.alignDownPmd(size) == size
                    ? vmas.highestHole(size, PageSize.PMD_SIZE, lowest)
                    : NOWHERE;
        }
        long firstHugePage = PageSize.alignDownPmd(offset + PageSize.PMD_SIZE - 1);
        if (file.mapping().maxFolioOrder() == 0
                || offset + size < firstHugePage + PageSize.PMD_SIZE) {
            return NOWHERE;
        }
        long hole = vmas.highestHole(size + PageSize.PMD_SIZE, alignment, lowest);
        long shift = offset - hole & PageSize.PMD_SIZE - 1;
        return hole < 0 ? NOWHERE : hole + (shift == 0 ? PageSize.PMD_SIZE : shift);
    }

    /// The pages of private anonymous memory are numbered by their addresses.
    Vma newVma(Mm mm, long start) {
        long firstByte = file == null ? start : offset;
        return new Vma(mm, start, start + size, PageSize.pageNumber(firstByte), flags, file);
    }

    @Override
    public void close() {
        if (ownFile && file != null) {
            file.close();
        }
    }
}
