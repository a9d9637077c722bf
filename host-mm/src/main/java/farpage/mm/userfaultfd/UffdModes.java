package farpage.mm.userfaultfd;

import farpage.mm.VmFlags;

/// The mode bits of the calls of a [Userfaultfd].
///
/// @kernel include/uapi/linux/userfaultfd.h: UFFDIO_*_MODE_*
public final class UffdModes {
    /// Register: the first access to a page.
    public static final int REGISTER_MISSING = 0x1;

    /// Register: stores to pages that were write-protected by [Userfaultfd#writeProtect].
    public static final int REGISTER_WP = 0x2;

    /// Copy, zero page, poison, move: whoever waits for the pages is not woken.
    public static final int DONTWAKE = 0x1;

    /// Copy: the pages are write-protected from the start.
    public static final int COPY_WP = 0x2;

    /// Move: places of the source may be empty.
    public static final int MOVE_ALLOW_SRC_HOLES = 0x2;

    /// Write-protect: protect, instead of giving the right to write back.
    public static final int WRITEPROTECT_WP = 0x1;

    /// Write-protect: whoever waits for the right to write is not woken.
    public static final int WRITEPROTECT_DONTWAKE = 0x2;

    private UffdModes() {}

    /// What registering sets in the flags of a VMA.
    static int vmFlags(int registerMode) {
        return ((registerMode & REGISTER_MISSING) != 0 ? VmFlags.UFFD_MISSING : 0)
                | ((registerMode & REGISTER_WP) != 0 ? VmFlags.UFFD_WP : 0);
    }
}
