package farpage.mm.mempolicy;

/// Which of the nodes of a policy a page is taken from.
///
/// @kernel include/uapi/linux/mempolicy.h: MPOL_*
public enum MempolicyMode {
    DEFAULT,
    PREFERRED,
    BIND,
    INTERLEAVE,
    LOCAL;

    /// Whether the policy fits a set of nodes.
    ///
    /// @kernel mm/mempolicy.c: mpol_new
    boolean accepts(long nodeMask) {
        return switch (this) {
            case DEFAULT, LOCAL -> nodeMask == 0;
            case PREFERRED -> true;
            case BIND, INTERLEAVE -> nodeMask != 0;
        };
    }
}
