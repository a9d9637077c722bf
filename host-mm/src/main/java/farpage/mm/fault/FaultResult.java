package farpage.mm.fault;

/// What became of a page fault.
///
/// @kernel include/linux/mm_types.h: vm_fault_t
public enum FaultResult {
    /// The access may be tried again; it need not succeed.
    HANDLED,
    /// As HANDLED, but the mmap lock was given up on the way, and what was found under it is stale.
    RETRY,
    /// It can not be done for a huge page: the fault is to be handled for the one page. No caller
    /// of the handler sees it.
    FALLBACK,
    /// No mapping there, or one that does not permit the access.
    SIGSEGV,
    /// A mapping, but no page to be had behind it.
    SIGBUS,
    OUT_OF_MEMORY,
    HWPOISON;

    /// Whether the fault ends in an error for the thread.
    ///
    /// @kernel include/linux/mm_types.h: VM_FAULT_ERROR
    public boolean isError() {
        return this != HANDLED && this != RETRY && this != FALLBACK;
    }
}
