package farpage.mm;

/// The one place for page shifts, sizes and masks. The numbers are those of x86-64.
///
/// @kernel include/vdso/page.h, arch/x86/include/asm/pgtable_64_types.h
public final class PageSize {
    public static final int PAGE_SHIFT = 12;
    public static final int PAGE_SIZE = 1 << PAGE_SHIFT;

    /// Bits of an address that each level of the page table decodes.
    public static final int LEVEL_SHIFT = 9;

    public static final int ENTRIES_PER_TABLE = 1 << LEVEL_SHIFT;
    public static final int PMD_SHIFT = PAGE_SHIFT + LEVEL_SHIFT;
    public static final long PMD_SIZE = 1L << PMD_SHIFT;

    /// The order of a folio that one PMD maps.
    public static final int HPAGE_PMD_ORDER = LEVEL_SHIFT;

    /// The first address that no process may map: 47 bits, less a guard page.
    public static final long TASK_SIZE = (1L << 47) - PAGE_SIZE;

    private static final long OFFSET_MASK = PAGE_SIZE - 1L;

    private PageSize() {}

    public static long alignDown(long address) {
        return address & ~OFFSET_MASK;
    }

    public static long alignUp(long address) {
        return (address + OFFSET_MASK) & ~OFFSET_MASK;
    }

    public static boolean isAligned(long address) {
        return (address & OFFSET_MASK) == 0;
    }

    public static int offsetInPage(long address) {
        return (int) (address & OFFSET_MASK);
    }

    /// The number of the page that holds an address: a virtual page number for a virtual address.
    public static long pageNumber(long address) {
        return address >>> PAGE_SHIFT;
    }

    public static long pageAddress(long pageNumber) {
        return pageNumber << PAGE_SHIFT;
    }

    public static long alignDownPmd(long address) {
        return address & -PMD_SIZE;
    }
}
