package farpage.mm.gup;

import farpage.mm.Errno;

/// How many pages were got, from the first address on. An error is reported only where there is not
/// even one page; the caller asks again for the rest to learn why it stopped.
///
/// @param errno OK if `count` is not 0, or nothing was asked for
/// @param count pages
/// @kernel mm/gup.c: the return value of get_user_pages
public record GupResult(Errno errno, int count) {
    public GupResult {
        assert errno.isOk() || count == 0;
    }

    static GupResult of(Errno errno, int count) {
        return new GupResult(count > 0 ? Errno.OK : errno, count);
    }
}
