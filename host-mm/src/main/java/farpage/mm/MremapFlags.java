package farpage.mm;

/// What `mremap` may do.
///
/// @kernel include/uapi/linux/mman.h: MREMAP_*
public final class MremapFlags {
    /// The mapping may get another address.
    public static final int MAYMOVE = 1;

    /// It must get the address that is given; what was there is unmapped. Needs [#MAYMOVE].
    public static final int FIXED = 2;

    /// The old place stays mapped, without pages. Needs [#MAYMOVE].
    public static final int DONTUNMAP = 4;

    static final int ALL = MAYMOVE | FIXED | DONTUNMAP;

    private MremapFlags() {}
}
