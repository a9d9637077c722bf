package farpage.mm;

import farpage.mm.file.FileMapping;
import farpage.mm.file.OpenFile;
import org.jspecify.annotations.Nullable;

/// What one call of `mmap` is to map, once the place is known to be good. Closing it drops the
/// reference to a file that the call itself made.
///
/// @kernel mm/mmap.c: do_mmap
final class MmapArguments implements AutoCloseable {
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

    /// What the place should be a multiple of, so that huge pages fit: whole ones of private memory
    /// begin where one can.
    ///
    /// @kernel mm/mmap.c: __get_unmapped_area; mm/huge_memory.c: thp_get_unmapped_area_vmflags
    long preferredAlignment() {
        boolean wholeHugePages = file == null && PageSize.alignDownPmd(size) == size;
        return wholeHugePages ? PageSize.PMD_SIZE : alignment;
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
