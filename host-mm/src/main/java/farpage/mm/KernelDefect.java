package farpage.mm;

/// What Linux 7.0 does otherwise than it means to, and a program can see. A machine does what is
/// meant, unless it is told to behave exactly as that kernel does: then a recording of the kernel
/// replays on it without a difference.
///
/// @kernel mm/hmm.c, mm/huge_memory.c as of Linux 7.0
public enum KernelDefect {
    /// `hmm_range_fault` answers for a huge mapping of the caller's own device as if the walk began
    /// at its first page, wherever it begins: the device is told of the wrong pages.
    ///
    /// @kernel mm/hmm.c: hmm_vma_handle_absent_pmd
    HMM_DEVICE_PMD_WITHOUT_OFFSET,

    /// Of a huge mapping of a device's folio the bit is looked at that says "writable" in a present
    /// one. In the others it is the soft-dirty bit: what was migrated without having been stored to
    /// comes back without the right to write.
    ///
    /// @kernel mm/huge_memory.c: set_pmd_migration_entry; mm/migrate_device.c:
    ///   migrate_vma_collect_huge_pmd
    DEVICE_PMD_WRITE_BIT
}
