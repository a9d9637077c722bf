package farpage.mm;

/// Names one page frame, as a `struct page *` does: a system page by its PFN, or a device page by
/// its device PFN. The two number spaces never mix: bit 50 tells which one a word belongs to.
///
/// ```
///  63        51 50 49                                   0
/// | zero       | D | PFN (D = 0) or device PFN (D = 1)   |
/// ```
///
/// Device-private pages lie outside the physical address space here, so no physical address, and no
/// PFN, exists for them; a word without the bit can not be one by accident.
///
/// @kernel include/linux/mm_types.h: struct page
public final class Page {
    /// No page. Never a legal value in a table that holds pages.
    public static final long NONE = -1;

    /// Width of a page word: the PFN and the device bit.
    public static final int BITS = 51;

    private static final long DEVICE = 1L << 50;

    private Page() {}

    public static long ofPfn(long pfn) {
        assert (pfn & -DEVICE) == 0 : pfn;
        return pfn;
    }

    public static long ofDevicePfn(long devicePfn) {
        assert (devicePfn & -DEVICE) == 0 : devicePfn;
        return devicePfn | DEVICE;
    }

    public static boolean isDevice(long page) {
        assert page != NONE;
        return (page & DEVICE) != 0;
    }

    public static long pfn(long page) {
        assert !isDevice(page) : describe(page);
        return page;
    }

    public static long devicePfn(long page) {
        assert isDevice(page) : describe(page);
        return page & ~DEVICE;
    }

    public static String describe(long page) {
        if (page == NONE) {
            return "no page";
        }
        return (page & DEVICE) != 0 ? "device pfn " + (page & ~DEVICE) : "pfn " + page;
    }
}
