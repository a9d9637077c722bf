package farpage.mm.physical;

/// Where the numbers of device-private pages come from.
///
/// @kernel mm/memremap.c: memremap_pages
public enum NumberSpace {
    /// A space of their own, outside the physical address map: such a page has no PFN. The three
    /// migration types that tell a device's page in migration from one of the system take the place
    /// of three swap files.
    OFFSET("offset", 21),

    /// Holes of the physical address map, as Linux 7.0 has it: every page has a PFN.
    PHYSICAL("physical", 24);

    private final String label;
    private final int swapAreaCountMax;

    NumberSpace(String label, int swapAreaCountMax) {
        this.label = label;
        this.swapAreaCountMax = swapAreaCountMax;
    }

    /// As users type it.
    public String label() {
        return label;
    }

    /// Swap areas that the types of a swap entry leave room for.
    ///
    /// @kernel include/linux/swap.h: MAX_SWAPFILES
    public int swapAreaCountMax() {
        return swapAreaCountMax;
    }
}
