package farpage.mm.gup;

import farpage.mm.Errno;
import farpage.mm.Machine;
import farpage.mm.Mm;
import farpage.mm.PageBytes;
import farpage.mm.PageSize;
import java.lang.foreign.MemorySegment;

/// `process_vm_readv` and `process_vm_writev`: one process reads or writes the memory of another,
/// with the rights of that other. Each page is pinned while its bytes are copied: a device-private
/// page comes back to RAM for it, a device-coherent one is reached in place.
///
/// @kernel mm/process_vm_access.c
public final class ProcessVmAccess {
    private ProcessVmAccess() {}

    /// Copies bytes out of a process.
    ///
    /// @return how many, up to the first page that can not be read; a negative error number if
    ///   there is not one
    /// @kernel mm/process_vm_access.c: process_vm_readv
    public static long read(Mm mm, long address, MemorySegment to) {
        return copy(mm, address, to, false);
    }

    /// Copies bytes into a process; the result is as for [#read].
    ///
    /// @kernel mm/process_vm_access.c: process_vm_writev
    public static long write(Mm mm, long address, MemorySegment from) {
        return copy(mm, address, from, true);
    }

    private static long copy(Mm mm, long address, MemorySegment buffer, boolean write) {
        long size = buffer.byteSize();
        long done = 0;
        while (done < size) {
            long at = address + done;
            long length = Math.min(PageSize.PAGE_SIZE - PageSize.offsetInPage(at), size - done);
            if (!copyInPage(mm, at, buffer, done, length, write)) {
                return done > 0 ? done : -Errno.EFAULT.number();
            }
            done += length;
        }
        return done;
    }

    private static boolean copyInPage(
            Mm mm, long address, MemorySegment buffer, long from, long length, boolean write) {
        Machine machine = mm.machine();
        long[] page = new long[1];
        int flags = GupFlags.REMOTE | (write ? GupFlags.WRITE : 0);
        if (GetUserPages.pinUnlocked(mm, address, 1, flags, page).count() == 0) {
            return false;
        }
        long offset = PageSize.offsetInPage(address);
        PageBytes bytes = machine.pageBytes();
        boolean copied =
                write
                        ? bytes.store(page[0], offset, buffer, from, length)
                        : bytes.load(page[0], offset, buffer, from, length);
        GetUserPages.unpin(machine, page, 1, write);
        return copied;
    }
}
