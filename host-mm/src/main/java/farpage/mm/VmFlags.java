package farpage.mm;

/// The flag word of a VMA.
///
/// @kernel include/linux/mm.h: VM_*
public final class VmFlags {
    public static final int READ = 0x1;
    public static final int WRITE = 0x2;
    public static final int EXEC = 0x4;
    public static final int SHARED = 0x8;
    public static final int PFNMAP = 0x400;
    public static final int IO = 0x4000;
    public static final int DONTEXPAND = 0x40000;
    public static final int MIXEDMAP = 0x10000000;

    /// What `mprotect` may change.
    public static final int ACCESS = READ | WRITE | EXEC;

    /// Mappings whose pages are no ordinary folios: migration refuses them.
    public static final int SPECIAL = IO | DONTEXPAND | PFNMAP | MIXEDMAP;

    private VmFlags() {}

    /// The access part as `/proc/PID/maps` prints it.
    public static String describe(int flags) {
        return ((flags & READ) != 0 ? "r" : "-")
                + ((flags & WRITE) != 0 ? "w" : "-")
                + ((flags & EXEC) != 0 ? "x" : "-")
                + ((flags & SHARED) != 0 ? "s" : "p");
    }
}
