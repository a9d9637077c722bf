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

    /// When a huge mapping of a device's folio is given up for a migration, its word is read as if
    /// it were a present one. What says "writable" there is not set here (in a kernel that tracks
    /// soft-dirty pages it is that bit, and the folio is then taken for exclusive; this kernel does
    /// not). What says "soft-dirty" and "uffd-wp" are bits of the inverted page number, which are
    /// set for every aligned folio. So the folio comes back soft-dirty and protected from stores,
    /// as for userfaultfd; the next store makes it writable, but the mark stays, and so the folio
    /// goes to the device read-only from then on.
    ///
    /// @kernel mm/huge_memory.c: set_pmd_migration_entry; mm/migrate_device.c:
    ///   migrate_vma_collect_huge_pmd; arch/x86/include/asm/pgtable_64.h: the swap entry
    DEVICE_PMD_READ_AS_PRESENT,

    /// A CPU's fault on a page inside a large folio of a device, which is mapped by entries of its
    /// pages, has the folio cut; the migration does not recognise the page afterwards as the one
    /// that the fault has locked, and leaves it. The access faults once more.
    ///
    /// @kernel mm/migrate_device.c: migrate_vma_collect_pmd, fault_folio
    FAULT_PAGE_LOST_IN_SPLIT
}
