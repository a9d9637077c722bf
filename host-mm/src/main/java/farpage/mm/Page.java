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
/// PFN, exists for them; a word without the bit can not be one by accident. The device PFNs from
/// [#COHERENT_DEVICE_PFN_MIN] to [#COHERENT_DEVICE_PFN_MAX] are the window of device-coherent
/// memory, which a CPU can address, and those from [#P2PDMA_DEVICE_PFN_MIN] to
/// [#P2PDMA_DEVICE_PFN_MAX] that of the second pages that memory has for other devices; so the word
/// alone tells what may be done with a page.
///
/// @kernel include/linux/mm_types.h: struct page
public final class Page {
    /// No page. Never a legal value in a table that holds pages.
    public static final long NONE = -1;

    /// Width of a page word: the PFN and the device bit.
    public static final int BITS = 51;

    /// The first device PFN of the window of device-coherent memory.
    public static final long COHERENT_DEVICE_PFN_MIN = 1L << 29;

    /// The last one.
    public static final long COHERENT_DEVICE_PFN_MAX = (1L << 30) - 1;

    /// The first device PFN of the pages by which devices reach each other's memory.
    public static final long P2PDMA_DEVICE_PFN_MIN = 1L << 30;

    /// The last one: there are as many as device-private pages.
    public static final long P2PDMA_DEVICE_PFN_MAX = (1L << 30) + (1L << 29) - 1;

    private static final long DEVICE = 1L << 50;
    private static final int COHERENT_SHIFT = 29;
    private static final long COHERENT_WINDOW =
            (DEVICE | COHERENT_DEVICE_PFN_MIN) >>> COHERENT_SHIFT;
    private static final long P2PDMA_WINDOW = (DEVICE | P2PDMA_DEVICE_PFN_MIN) >>> COHERENT_SHIFT;

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

    /// A device page that no CPU can reach.
    ///
    /// @kernel include/linux/memremap.h: is_device_private_page
    public static boolean isDevicePrivate(long page) {
        return isDevice(page) && !isDeviceCoherent(page) && !isP2pdma(page);
    }

    /// A device page that a CPU maps like its own memory.
    ///
    /// @kernel include/linux/memremap.h: is_device_coherent_page
    public static boolean isDeviceCoherent(long page) {
        assert page != NONE;
        return page >>> COHERENT_SHIFT == COHERENT_WINDOW;
    }

    /// A page by which other devices reach a device's memory; no process maps it.
    ///
    /// @kernel include/linux/memremap.h: is_pci_p2pdma_page
    public static boolean isP2pdma(long page) {
        assert page != NONE;
        return page >>> COHERENT_SHIFT == P2PDMA_WINDOW;
    }

    public static long pfn(long page) {
        assert !isDevice(page) : describe(page);
        return page;
    }

    /// The PFN or device PFN.
    public static long number(long page) {
        assert page != NONE;
        return page & ~DEVICE;
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
