package farpage.mm.file;

import farpage.mm.Errno;
import farpage.mm.Page;

/// The word of a page, or of the error that came in its place: a negative number below [Page#NONE].
///
/// @kernel include/linux/err.h: ERR_PTR
public final class ErrPage {
    private static final Errno[] ERRORS = Errno.values();

    private ErrPage() {}

    @SuppressWarnings("EnumOrdinal") // lives only as long as the call
    static long of(Errno errno) {
        assert !errno.isOk();
        return Page.NONE - 1 - errno.ordinal();
    }

    public static boolean isError(long page) {
        return page < Page.NONE;
    }

    /// The error that came instead of a page.
    public static Errno errno(long page) {
        assert isError(page);
        return ERRORS[(int) (Page.NONE - 1 - page)];
    }
}
