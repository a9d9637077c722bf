package farpage.mm.inspect;

import farpage.mm.VmFlags;
import farpage.mm.Vma;

/// The line that names a VMA in `maps` and begins its part of `smaps`.
final class VmaHeader {
    private VmaHeader() {}

    /// Addresses, access, place in the file, device, inode; the blank at the end stands before the
    /// name, which anonymous memory has none of.
    static String line(Vma vma) {
        return String.format(
                "%08x-%08x %s %08x 00:00 0 ",
                vma.start(), vma.end(), VmFlags.describe(vma.flags()), 0);
    }
}
