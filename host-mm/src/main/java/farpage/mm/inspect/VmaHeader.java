package farpage.mm.inspect;

import farpage.mm.PageSize;
import farpage.mm.VmFlags;
import farpage.mm.Vma;
import farpage.mm.file.FileName;
import farpage.mm.file.OpenFile;

/// The line that names a VMA in `maps` and begins its part of `smaps`.
final class VmaHeader {
    /// What comes before the name is filled up to this many characters; then comes a blank more.
    private static final int WIDTH = 72;

    private VmaHeader() {}

    /// Addresses, access, place in the file, device, inode. The blank after them stands before the
    /// name, also where there is none.
    ///
    /// @kernel fs/proc/task_mmu.c: show_vma_header_prefix
    static String line(Vma vma) {
        OpenFile file = vma.file();
        if (file == null) {
            return prefix(vma, 0, "00:00", 0);
        }
        FileName name = file.mapping().name();
        String prefix =
                prefix(vma, PageSize.pageAddress(vma.pageOffset()), name.device(), name.inode());
        return String.format("%-" + WIDTH + "s %s", prefix, name.path());
    }

    private static String prefix(Vma vma, long offset, String device, long inode) {
        return String.format(
                "%08x-%08x %s %08x %s %d ",
                vma.start(), vma.end(), VmFlags.describe(vma.flags()), offset, device, inode);
    }
}
