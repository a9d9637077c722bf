package farpage.mm;

/// The flag word of a VMA.
///
/// @kernel include/linux/mm.h: VM_*
public final class VmFlags {
    public static final int READ = 0x1;
    public static final int WRITE = 0x2;
    public static final int EXEC = 0x4;
    public static final int SHARED = 0x8;
    public static final int MAYREAD = 0x10;
    public static final int MAYWRITE = 0x20;
    public static final int MAYEXEC = 0x40;
    public static final int MAYSHARE = 0x80;
    public static final int UFFD_MISSING = 0x200;
    public static final int PFNMAP = 0x400;
    public static final int MAYBE_GUARD = 0x800;
    public static final int UFFD_WP = 0x1000;
    public static final int LOCKED = 0x2000;
    public static final int IO = 0x4000;
    public static final int SEQ_READ = 0x8000;
    public static final int RAND_READ = 0x10000;
    public static final int DONTCOPY = 0x20000;
    public static final int DONTEXPAND = 0x40000;
    public static final int LOCKONFAULT = 0x80000;
    public static final int ACCOUNT = 0x100000;
    public static final int NORESERVE = 0x200000;
    public static final int HUGETLB = 0x400000;
    public static final int WIPEONFORK = 0x2000000;
    public static final int DONTDUMP = 0x4000000;
    public static final int SOFTDIRTY = 0x8000000;
    public static final int MIXEDMAP = 0x10000000;
    public static final int HUGEPAGE = 0x20000000;
    public static final int NOHUGEPAGE = 0x40000000;
    public static final int MERGEABLE = 0x80000000;

    /// What `mprotect` may change.
    public static final int ACCESS = READ | WRITE | EXEC;

    /// What `mprotect` may ask for; each bit is four to the left of the access that it permits.
    public static final int MAY_ACCESS = ACCESS << 4;

    /// Mappings whose pages are no ordinary folios: migration refuses them.
    public static final int SPECIAL = IO | DONTEXPAND | PFNMAP | MIXEDMAP;

    /// What registering with userfaultfd sets.
    ///
    /// @kernel include/linux/userfaultfd_k.h: __VM_UFFD_FLAGS
    public static final int UFFD = UFFD_MISSING | UFFD_WP;

    /// What `mlock` sets.
    public static final int LOCKED_MASK = LOCKED | LOCKONFAULT;

    /// Flags that do not keep VMAs apart; one that absorbs another takes them over.
    ///
    /// @kernel include/linux/mm.h: VM_STICKY
    public static final int STICKY = SOFTDIRTY | MAYBE_GUARD;

    /// Mappings whose entries `fork` copies although they need hold no anonymous page.
    ///
    /// @kernel include/linux/mm.h: VM_COPY_ON_FORK
    public static final int COPY_ON_FORK = PFNMAP | MIXEDMAP | UFFD_WP | MAYBE_GUARD;

    private VmFlags() {}

    /// The access part as `/proc/PID/maps` prints it. A mapping is called shared if it was asked to
    /// be, also one that nobody can store through.
    ///
    /// @kernel fs/proc/task_mmu.c: show_vma_header_prefix
    public static String describe(int flags) {
        return ((flags & READ) != 0 ? "r" : "-")
                + ((flags & WRITE) != 0 ? "w" : "-")
                + ((flags & EXEC) != 0 ? "x" : "-")
                + ((flags & MAYSHARE) != 0 ? "s" : "p");
    }
}
