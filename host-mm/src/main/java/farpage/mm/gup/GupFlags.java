package farpage.mm.gup;

/// How pages are to be got.
///
/// @kernel include/linux/mm_types.h: FOLL_*
public final class GupFlags {
    /// The pages will be written.
    public static final int WRITE = 0x1;

    /// A plain reference to each page.
    public static final int GET = 0x2;

    /// A hole is an error instead of memory to be filled, as for a core dump.
    public static final int DUMP = 0x4;

    /// Past the VMA's protection, as a debugger does.
    public static final int FORCE = 0x8;

    /// Only pages that need no fault.
    public static final int NOFAULT = 0x20;

    /// Tell broken memory from other errors.
    public static final int HWPOISON = 0x40;

    /// Only anonymous mappings.
    public static final int ANON = 0x80;

    /// The references will be held for long: pages that must not stay where they are move first.
    public static final int LONGTERM = 0x100;

    /// The pages count as accessed, and as written with [#WRITE]. Some of the calls say it by
    /// themselves.
    public static final int TOUCH = 0x10000;

    /// On behalf of somebody who is not the process itself.
    public static final int REMOTE = 0x20000;

    /// A pin for each page instead of a plain reference.
    public static final int PIN = 0x40000;

    /// Each page by an entry of its own: a huge mapping that holds it is cut.
    public static final int SPLIT_PMD = 0x100000;

    /// Only what can be had without the mmap lock.
    public static final int FAST_ONLY = 0x80000;

    private GupFlags() {}
}
