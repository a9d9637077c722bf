package farpage.mm.fault;

/// What a page fault is about, and what its handling may do.
///
/// @kernel include/linux/mm_types.h: enum fault_flag
public final class FaultFlags {
    /// A store, not a load.
    public static final int WRITE = 0x1;

    /// The handler may give the mmap lock up and wait; it then answers [FaultResult#RETRY].
    public static final int ALLOW_RETRY = 0x4;

    /// An access of the process itself.
    public static final int USER = 0x40;

    /// An access on behalf of somebody else.
    public static final int REMOTE = 0x80;

    /// No store, but the page must become exclusive as for one, because it is to be pinned.
    public static final int UNSHARE = 0x400;

    private FaultFlags() {}
}
