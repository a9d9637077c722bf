package farpage.mm.mempolicy;

/// How pages that are not where a policy wants them are to be treated.
///
/// @kernel include/uapi/linux/mempolicy.h: MPOL_MF_*
public final class MempolicyFlags {
    /// A page that is elsewhere, and stays there, is an error.
    public static final int STRICT = 0x1;

    /// Move pages that only this process maps.
    public static final int MOVE = 0x2;

    /// Move pages that others map too.
    public static final int MOVE_ALL = 0x4;

    private MempolicyFlags() {}
}
