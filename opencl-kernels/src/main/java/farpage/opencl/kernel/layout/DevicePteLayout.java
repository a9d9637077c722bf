package farpage.opencl.kernel.layout;

/// An entry of the device's page table, as the kernel sees it.
///
/// ```
///   31     30     29 28   27                                0
/// +-------+-------+-------+----------------------------------+
/// | valid | write |   0   | index of the page in device memory |
/// +-------+-------+-------+----------------------------------+
/// ```
///
/// The index counts base pages over all chunks of the device's memory, so 28 bits are 1 TiB of 4
/// KiB pages. An entry that is not valid is 0.
///
/// @opencl PTE_... in layout.clh
public final class DevicePteLayout {
    /// No page.
    public static final int NONE = 0;

    /// Pages that an entry can name.
    public static final long PAGE_LIMIT = 1L << 28;

    static final int VALID = 0x80000000;
    static final int WRITE = 0x40000000;
    static final int PAGE_MASK = 0x0FFFFFFF;

    private DevicePteLayout() {}

    /// An entry for a page.
    public static int of(long page, boolean writable) {
        assert page >= 0;
        assert page < PAGE_LIMIT;
        return VALID | (writable ? WRITE : 0) | (int) page;
    }

    /// Whether there is a page.
    public static boolean isValid(int pte) {
        return (pte & VALID) != 0;
    }

    /// Whether stores are allowed.
    public static boolean isWritable(int pte) {
        return (pte & (VALID | WRITE)) == (VALID | WRITE);
    }

    /// The index of the page in device memory.
    public static int page(int pte) {
        return pte & PAGE_MASK;
    }

    /// For people.
    public static String describe(int pte) {
        return isValid(pte) ? "page " + page(pte) + (isWritable(pte) ? " rw" : " r") : "none";
    }
}
